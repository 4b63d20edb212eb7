import Collectives
import Configurations
import Datasets
import Exchange
import Networks
import Tensors
import Version

/// The backbone of a checkpoint as other programs get it.
public struct ExportedNetwork {
  /// How its images are normalised; nil: the checkpoint does not say.
  public let normalization: Colours?
  let backbone: any Backbone
  private let settings: NetworkSettings
  /// What the backbone is made of.
  let configuration: any BackboneConfiguration
  let step: Int
  /// SHA-256 of the checkpoint's model.
  let modelDigest: String

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
    let backbone = StackedBackbone(network)
    try communicator.agree { try NetworkTensors(backbone).load(file, allowingOthers: true) }
    self.backbone = backbone
    (settings, configuration) = (run.network, network)
    modelDigest = file.digest
    (normalization, step) = (checkpoint.state.normalization, checkpoint.state.step)
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
      network.backbone, copy: { StackedBackbone(network.configuration) }, metadata: network.metadata,
      pool: pool)
  }
}
