import Collectives
import Configurations
import Datasets
import Exchange
import Layers
import Networks
import Pruning
import Tensors
import Version

/// The backbone of a checkpoint as other programs get it.
public struct ExportedNetwork {
  /// How its images are normalised; nil: the checkpoint does not say.
  public let normalization: Colours?
  let backbone: any Backbone
  private var settings: NetworkSettings
  /// What the backbone is made of.
  let configuration: any BackboneConfiguration
  /// The checkpoint's folder.
  let path: String
  let step: Int
  /// SHA-256 of the checkpoint's model.
  let modelDigest: String
  /// nil: it has all channels of the checkpoint's.
  let original: BackboneExport.Original?

  /// Side in pixels of the input of runs that did not record it.
  private static let usualSize = 32

  /// Every rank calls it.
  ///
  /// - Throws: The same `AgreedFailure` on every rank, with `CheckpointError` where the checkpoint is of another network.
  public init(_ checkpoint: Checkpoint, on communicator: Communicator) throws {
    let run = try checkpoint.configuration(imageSize: Self.usualSize)
    var network = run.backbone
    // The plainest arithmetic: what is to be told from a mistake is its rounding.
    network.kernels = .direct
    let file = try checkpoint.tensors(in: Checkpoint.modelFile)
    try communicator.agree { try file.match(network.blueprint) }
    let backbone = StackedBackbone(network)
    try communicator.agree { try NetworkTensors(backbone).load(file, allowingOthers: true) }
    self.backbone = backbone
    (settings, configuration) = (run.network, network)
    modelDigest = file.digest
    (normalization, step) = (checkpoint.state.normalization, checkpoint.state.step)
    original = nil
    path = checkpoint.path
  }

  /// - Parameter original: The whole network, perhaps with closed channels.
  private init(_ whole: ExportedNetwork, _ compaction: Compaction, of original: any Backbone) {
    var network = whole.configuration
    network.innerChannels = compaction.innerChannels
    let compact = StackedBackbone(network)
    compaction.copy(original, into: compact)
    (backbone, configuration) = (compact, network)
    settings = whole.settings
    settings.innerChannels = compaction.innerChannels
    self.original = .init(original, gateChannels: compaction.gateChannels, metadata: whole.metadata)
    (normalization, step, modelDigest) = (whole.normalization, whole.step, whole.modelDigest)
    path = whole.path
  }

  /// The same network without the channels that pruning made superfluous.
  ///
  /// - Throws: `NothingToCompact`.
  public func compacted() throws(NothingToCompact) -> ExportedNetwork {
    guard let network = compacted(backbone) else {
      throw .notPruned(checkpoint: path, hasGates: !backbone.blueprint.gates.isEmpty)
    }
    return network
  }

  /// The same without the channels that its gates rarely open, either: its features are those of the network that has them
  /// closed on every image. nil: no channel goes.
  func compacted(closing rare: RareChannels) -> ExportedNetwork? {
    let closed = backbone(computedBy: configuration.kernels)
    rare.close(in: closed)
    return compacted(closed)
  }

  /// nil: no channel goes.
  private func compacted(_ original: any Backbone) -> ExportedNetwork? {
    let compaction = Compaction(of: original)
    return compaction.isSmaller ? ExportedNetwork(self, compaction, of: original) : nil
  }

  /// A copy of the backbone.
  func backbone(computedBy kernels: ConvolutionKernels) -> any Backbone {
    var network = configuration
    network.kernels = kernels
    let copy = StackedBackbone(network)
    NetworkTensors(backbone).copy(to: NetworkTensors(copy))
    return copy
  }

  /// What a file says of itself: texts, lists in JSON.
  var metadata: [String: String] {
    var metadata = [
      // PyTorch's, which libraries look for.
      "format": "pt",
      "producer": "sluice \(Version.number)",
      "contents": "backbone of a \(settings.family.title), without classifier",
      "family": settings.family.rawValue,
      "depth": "\(settings.depth)",
      "width": "\(settings.width)",
      "input_size": "\(settings.inputSize)",
      "features": "\(backbone.blueprint.featureCount)",
      "gates": "\(backbone.blueprint.gates.count)",
      "step": "\(step)",
      "model_sha256": modelDigest,
    ]
    metadata.merge(configuration.particulars) { $1 }
    if let innerChannels = settings.innerChannels { metadata["inner_channels"] = "\(innerChannels)" }
    if let normalization {
      metadata["mean"] = "\(normalization.mean)"
      metadata["std"] = "\(normalization.deviation)"
    }
    return metadata
  }
}

extension BackboneExport {
  /// - Parameter pool: Threads that the backbone computes on.
  public init(_ network: ExportedNetwork, pool: WorkerPool) throws {
    try self.init(
      network.backbone, of: network.original, copy: { StackedBackbone(network.configuration) },
      metadata: network.metadata,
      pool: pool)
  }
}

/// A network that was to lose channels.
public enum NothingToCompact: Error, CustomStringConvertible {
  /// No whole channel was pruned.
  case notPruned(checkpoint: String, hasGates: Bool)
  /// Nor does a gate open one too rarely.
  case openEnough(checkpoint: String, SlimmingReport.Criterion)

  public var description: String {
    switch self {
    case .notPruned(let checkpoint, let hasGates):
      "\(checkpoint) has no channel that can be left out: --compact is for networks of which whole channels were pruned "
        + "(pruning.criterion filters, batch-norm or gate-usage); "
        + (hasGates
          ? "with --data DATA it also leaves out those that gates open on none of its images"
          : "zeros among other weights have to be multiplied")
    case .openEnough(let checkpoint, let criterion):
      "\(checkpoint) has no channel that can be left out: none was pruned, and each is open on \(criterion.met) or "
        + "the last of its gate; a larger --open-on takes more"
    }
  }
}
