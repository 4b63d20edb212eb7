import Collectives
import Configurations
import Datasets
import Evaluation
import Images
import Layers
import Networks
import Objectives
import Optimizers
import Tensors

// What a configuration describes, as the values and objects that do it.
extension Configuration {
  /// A model with its initial weights.
  public func makeModel() -> Model {
    let (backbone, objective) = makeNetwork()
    return Model(backbone: backbone, objective: objective, seed: seed)
  }

  /// What a model is made of, before it has weights: takes no memory worth speaking of, however large it is.
  package func makeNetwork() -> (backbone: any Backbone, objective: any Objective) {
    let backbone = StackedBackbone(backbone)
    return (
      backbone, objective.chosen.makeObjective(featureCount: backbone.blueprint.featureCount)
    )
  }

  /// What takes features of images from a network of this configuration.
  ///
  /// - Parameters:
  ///   - projector: Needed where its features are asked for.
  ///   - onError: What happens where an image cannot be used.
  ///   - skipsClosedChannels: Whether channels that gates close are left out, or computed and set to zero.
  public func makeExtractor(
    for backbone: any Backbone, projector: MLP? = nil, onError: OnBadImage, pool: WorkerPool,
    communicator: Communicator, skipsClosedChannels: Bool = true
  ) -> FeatureExtractor {
    FeatureExtractor(
      backbone: backbone, projector: projector, imageSize: network.inputSize, onError: onError,
      shardSize: batch.shard, pool: pool, communicator: communicator, skipsClosedChannels: skipsClosedChannels
    )
  }

  /// What sums the gradients of a model over ranks.
  public func makeGradientReducer(for model: Model, on communicator: Communicator) -> GradientReducer {
    GradientReducer(communicator, gradients: model.store.gradients, precision: gradients.precision)
  }

  /// What makes the views of a data set's images.
  public func viewMaker(for dataset: any ImageDataset) -> ViewMaker {
    ViewMaker(
      views, normalization: dataset.normalization, count: objective.chosen.views,
      turns: objective.chosen.turns, seed: seed)
  }

  /// The batches of this rank from step `startStep` on.
  ///
  /// - Parameters:
  ///   - threads: That make views, where `data.loader_threads` does not say.
  /// - Throws: `AugmentationError` or `SamplerError` for values no batch could be made with.
  public func makeLoader(
    for dataset: any ImageDataset, startStep: Int, threads: Int, communicator: Communicator
  ) throws -> ViewLoader {
    try makeLoader(
      for: dataset, startStep: startStep, threads: threads, rank: communicator.rank,
      worldSize: communicator.worldSize)
  }

  /// The batches of any rank from step `startStep` on, of which so many are made ahead.
  func makeLoader(
    for dataset: any ImageDataset, startStep: Int, threads: Int, rank: Int, worldSize: Int,
    queueDepth: Int = 2
  ) throws -> ViewLoader {
    try ViewLoader(
      dataset: dataset, maker: viewMaker(for: dataset), onError: data.onError,
      globalBatchSize: batch.global, shardSize: batch.shard, rank: rank, worldSize: worldSize,
      shuffleWindow: data.shuffleWindow, startStep: startStep, threads: data.loaderThreads ?? threads,
      queueDepth: queueDepth)
  }
}
