import Collectives
import Configurations
import Exchange
import Layers
import Networks
import Tensors
import Version

/// The backbone of a checkpoint or of an exported file, as evaluation uses it.
public struct TrainedBackbone {
  public let backbone: any Backbone
  /// What the checkpoint was trained with; of an exported file the network, and defaults.
  public let configuration: Configuration
  /// The checkpoint's `step-…` folder, or the file.
  public let path: String
  private let file: SafetensorsFile
  /// What it computes with here.
  let kernels: ConvolutionKernels
  private let communicator: Communicator

  /// Every rank calls it.
  ///
  /// - Parameter imageSize: Side in pixels of the images that it will see, for checkpoints of runs that did not record
  ///   their input's size.
  /// - Throws: The same `AgreedFailure` on every rank, with `CheckpointError` where the checkpoint is of another network.
  public init(_ checkpoint: Checkpoint, imageSize: Int, on communicator: Communicator) throws {
    try self.init(
      path: checkpoint.path, try checkpoint.tensors(in: Checkpoint.modelFile),
      try checkpoint.configuration(imageSize: imageSize), on: communicator)
  }

  /// Reads a file that `sluice export` wrote; every rank calls it.
  ///
  /// - Parameter path: Of safetensors.
  /// - Throws: The same `AgreedFailure` on every rank, with `SafetensorsError`, `NotAnExport`, or `CheckpointError` where
  ///   the tensors are not those of the network that it says it holds.
  public init(exported path: String, on communicator: Communicator) throws {
    let file = try communicator.safetensors(at: path)
    let configuration = try communicator.agree { try Configuration(ofExport: file) }
    try self.init(path: path, file, configuration, on: communicator)
  }

  private init(
    path: String, _ file: SafetensorsFile, _ configuration: Configuration, on communicator: Communicator
  ) throws {
    (self.path, self.file, self.configuration) = (path, file, configuration)
    self.communicator = communicator
    var network = configuration.backbone
    // What was trained in bf16 can be looked at on any processor.
    if !ConvolutionBackends.linked.support(.bf16) { network.kernels.precision = .f32 }
    kernels = network.kernels
    try communicator.agree { try file.match(network.blueprint) }
    backbone = StackedBackbone(network)
    let tensors = NetworkTensors(backbone)
    try communicator.agree { try tensors.load(file, allowingOthers: true) }
  }

  /// What files with its features say of it: texts.
  public var metadata: [String: String] {
    [
      // PyTorch's, which libraries look for.
      "format": "pt", "producer": "sluice \(Version.number)", "model_sha256": file.digest,
      "precision": kernels.precision.rawValue,
    ]
  }

  /// - Throws: `NoGates`.
  public func requireGates() throws(NoGates) {
    if backbone.blueprint.gates.isEmpty { throw NoGates(checkpoint: path) }
  }

  /// Gives another backbone of this network the same weights and running statistics; every rank calls it.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  func load(into other: any Backbone) throws {
    try communicator.agree { try NetworkTensors(other).load(file, allowingOthers: true) }
  }

  /// What stood between backbone and loss while it was trained; every rank calls it.
  ///
  /// - Throws: The same `AgreedFailure` on every rank, with `CheckpointError` where the checkpoint is of another network.
  public func projector() throws -> MLP {
    let (_, objective) = configuration.makeNetwork()
    let projector = objective.heads[0]
    let tensors = NetworkTensors(parameters: projector.parameters, batchNorms: projector.batchNorms)
    try communicator.agree { try tensors.load(file, allowingOthers: true) }
    return projector
  }
}

/// A network that was to have gates.
public struct NoGates: Error, CustomStringConvertible {
  let checkpoint: String

  public var description: String {
    "\(checkpoint) is of a network without gates, which computes all channels for every image (gates.enabled: false)"
  }
}
