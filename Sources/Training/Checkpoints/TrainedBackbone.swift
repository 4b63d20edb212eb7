import Collectives
import Configurations
import Layers
import Networks

/// The backbone of a checkpoint, as evaluation uses it.
public struct TrainedBackbone {
  public let backbone: any Backbone
  /// What the checkpoint was trained with.
  public let configuration: Configuration
  public let step: Int

  /// Every rank calls it.
  ///
  /// - Parameter imageSize: Side in pixels of the images that it will see, for checkpoints of runs that did not record
  ///   their input's size.
  /// - Throws: The same `AgreedFailure` on every rank, with `CheckpointError` where the checkpoint is of another network.
  public init(_ checkpoint: Checkpoint, imageSize: Int, on communicator: Communicator) throws {
    step = checkpoint.state.step
    configuration = try checkpoint.configuration(imageSize: imageSize)
    var network = configuration.resNet
    // What was trained in bf16 can be looked at on any processor.
    if !ConvolutionBackends.linked.support(.bf16) { network.kernels.precision = .f32 }
    backbone = ResNet(network)
    let tensors = NetworkTensors(parameters: backbone.parameters, batchNorms: backbone.batchNorms)
    let file = try checkpoint.tensors(in: Checkpoint.modelFile)
    try communicator.agree { try tensors.load(file, allowingOthers: true) }
  }
}
