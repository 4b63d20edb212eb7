import Collectives
import Configurations
import Datasets
import Evaluation
import Foundations
import Layers
import Networks
import Progress
import Tensors
import Training

/// The linear classifiers of `sluice evaluate linear` and `transfer`, on a run's newest checkpoint.
public struct CheckpointLinearAccuracy: LinearAccuracy {
  private let file: ConfigurationFile
  private let layers: FeatureLayers
  private let isOwnData: Bool
  private let communicator: Communicator
  private let display: ProgressDisplay

  /// - Parameters:
  ///   - file: Names the number of threads, and the data that runs were trained on.
  ///   - layers: Which features the classifiers learn from.
  ///   - source: Other data to learn from and to be tested on; nil: that of `file`.
  ///   - display: Rank 0's shows the progress.
  public init(
    _ file: ConfigurationFile, _ layers: FeatureLayers = .backbone, of source: String? = nil,
    on communicator: Communicator, display: ProgressDisplay
  ) {
    self.file = source.map { file.reading($0) } ?? file
    self.layers = layers
    isOwnData = source == nil
    self.communicator = communicator
    self.display = display
  }

  /// - Throws: `EvaluationStopped` on every rank after a request to stop; `AgreedFailure`, `CollectiveError`.
  public func evaluate(_ run: RunFolder) throws -> JSONValue? {
    let (configuration, data) = try file.opened(on: communicator, indexFile: isOwnData ? run.dataIndex : nil)
    guard let parts = try? data.classifiable() else { return nil }
    let images = parts.neighbors.count + parts.test.count
    let trained = try TrainedBackbone(
      Checkpoint.open(run.latestCheckpoint, on: communicator), imageSize: parts.test.imageSize,
      on: communicator)
    try communicator.requireMemory(
      forFeaturesOf: images, dimension: layers.dimension(of: trained.backbone.blueprint), isGathered: true)
    let placement = try communicator.placement()
    let pool = WorkerPool.forKernels(threads: file.threads ?? placement.threads)
    defer { BufferPool.drainAll() }
    let extractor = trained.configuration.makeExtractor(
      for: trained.backbone, onError: configuration.data.onError, pool: pool, communicator: communicator)
    let (known, asked) = try display.following("features of \(counted(images, "image"))") { report in
      try extractor.extractions(of: parts, layers) { share in
        report(share)
        if try communicator.isStopRequested() { throw EvaluationStopped() }
      }
    }
    return try display.following("linear classifiers") { report in
      try LinearReport.make(
        train: known, test: asked, parts, of: data, usage: extractor.usage(of: asked),
        evaluation: LinearEvaluation(), seeds: [0], on: communicator, pool: pool, progress: report)
    }?.json
  }
}
