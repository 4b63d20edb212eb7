import Collectives
import Configurations
import Exchange
import Layers
import Networks
import Tensors

/// The backbone of a checkpoint, as evaluation uses it.
public struct TrainedBackbone {
  public let backbone: any Backbone
  /// What the checkpoint was trained with.
  public let configuration: Configuration
  public let step: Int
  private let checkpoint: Checkpoint
  private let file: SafetensorsFile
  private let communicator: Communicator

  /// Every rank calls it.
  ///
  /// - Parameter imageSize: Side in pixels of the images that it will see, for checkpoints of runs that did not record
  ///   their input's size.
  /// - Throws: The same `AgreedFailure` on every rank, with `CheckpointError` where the checkpoint is of another network.
  public init(_ checkpoint: Checkpoint, imageSize: Int, on communicator: Communicator) throws {
    self.checkpoint = checkpoint
    self.communicator = communicator
    step = checkpoint.state.step
    configuration = try checkpoint.configuration(imageSize: imageSize)
    var network = configuration.backbone
    // What was trained in bf16 can be looked at on any processor.
    if !ConvolutionBackends.linked.support(.bf16) { network.kernels.precision = .f32 }
    backbone = StackedBackbone(network)
    let tensors = NetworkTensors(backbone)
    let file = try checkpoint.tensors(in: Checkpoint.modelFile)
    try communicator.agree { try tensors.load(file, allowingOthers: true) }
    self.file = file
  }

  /// The checkpoint's `step-…` folder.
  public var path: String { checkpoint.path }

  /// - Throws: `NoGates`.
  public func requireGates() throws(NoGates) {
    if backbone.blueprint.gates.isEmpty { throw NoGates(checkpoint: path) }
  }

  /// Gives another backbone of this network the checkpoint's weights and running statistics; every rank calls it.
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
