import Configurations
import Layers
import Networks
import Tensors

/// The backbone of a checkpoint, as evaluation uses it.
public struct TrainedBackbone {
  public let backbone: ResNet
  /// What the checkpoint was trained with.
  public let configuration: Configuration
  public let step: Int

  /// - Parameters:
  ///   - path: A `step-…` folder or the link `latest`.
  ///   - imageSize: Side in pixels of the images that it will see, for checkpoints of runs that did not record theirs.
  /// - Throws: `CheckpointError` where the checkpoint is missing, damaged or of another network.
  public init(checkpoint path: String, imageSize: Int) throws {
    try CheckpointStore.verify(path)
    let state = try TrainingState(checkpoint: path)
    step = state.step
    configuration = try state.readConfiguration(from: path, imageSize: imageSize)
    var network = configuration.resNet
    // What was trained in bf16 can be looked at on any processor.
    if !ConvolutionBackends.linked.support(.bf16) { network.kernels.precision = .f32 }
    backbone = ResNet(network)
    let file = try SafetensorsFile(contentsOf: "\(path)/\(Checkpointing.modelFile)")
    let statistics = backbone.batchNorms.flatMap { batchNorm in
      [batchNorm.runningMeanName, batchNorm.runningVarianceName].map { ($0, [batchNorm.channels]) }
    }
    try matchTensors(
      backbone.parameters.map { ($0.name, $0.shape) } + statistics, in: file, allowingOthers: true)
    for parameter in backbone.parameters { parameter.array = try file.floats(parameter.name) }
    try loadRunningStatistics(of: backbone.batchNorms, from: file)
  }
}

extension TrainingState {
  /// What the checkpoint in this folder was trained with.
  ///
  /// - Parameter imageSize: See `ConfigurationFile.resolved`; for checkpoints of runs that did not record theirs.
  public func readConfiguration(
    from folder: String, settings: [String] = [], imageSize: Int
  ) throws -> Configuration {
    try ConfigurationFile(yaml: configuration, path: "\(folder)/\(Self.fileName)", settings: settings)
      .resolved(imageSize: imageSize)
  }
}
