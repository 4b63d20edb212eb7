import Collectives
import Configurations
import Datasets
import Images
import Layers
import Networks
import Objectives
import Optimizers

// What a configuration describes, as the values and objects that do it.
extension Configuration {
  /// The objective with new heads.
  public func makeObjective(featureCount: Int) -> any Objective {
    let widths = objective.projectorWidths
    return switch objective.name {
    case .simsiam:
      SimSiam(
        featureCount: featureCount, hidden: widths[0], output: widths[1],
        predictorHidden: objective.predictorHidden)
    case .simclr:
      SimCLR(
        featureCount: featureCount, hidden: widths[0], output: widths[1],
        temperature: objective.temperature)
    }
  }

  /// A model with its initial weights.
  public func makeModel() -> Model {
    let resNet = resNet
    return Model(
      backbone: ResNet(resNet), objective: makeObjective(featureCount: resNet.featureCount), seed: seed)
  }

  /// The batches of this rank from step `startStep` on.
  ///
  /// - Parameters:
  ///   - threads: That make views, where `data.loader_threads` does not say.
  /// - Throws: `AugmentationError` or `SamplerError` for values no batch could be made with.
  public func makeLoader(
    for dataset: any ImageDataset, startStep: Int, threads: Int, communicator: Communicator
  ) throws -> ViewLoader {
    try ViewLoader(
      dataset: dataset, augmentation: views, onError: data.onError, seed: seed,
      globalBatchSize: batch.global, shardSize: batch.shard, rank: communicator.rank,
      worldSize: communicator.worldSize, shuffleWindow: data.shuffleWindow, startStep: startStep,
      threads: data.loaderThreads ?? threads)
  }
}
