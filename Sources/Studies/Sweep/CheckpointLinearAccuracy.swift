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

/// The linear classifier of `sluice evaluate linear`, on a run's newest checkpoint and the data that it was trained on.
public struct CheckpointLinearAccuracy: LinearAccuracy {
  private let file: ConfigurationFile
  private let communicator: Communicator
  private let display: ProgressDisplay

  /// - Parameters:
  ///   - file: Names the data and the number of threads.
  ///   - display: Rank 0's shows the progress.
  public init(_ file: ConfigurationFile, on communicator: Communicator, display: ProgressDisplay) {
    self.file = file
    self.communicator = communicator
    self.display = display
  }

  /// - Throws: `EvaluationStopped` on every rank after a request to stop; `AgreedFailure`, `CollectiveError`.
  public func evaluate(_ run: RunFolder) throws -> JSONValue? {
    let (configuration, data) = try file.opened(on: communicator, indexFile: run.dataIndex)
    guard let parts = try? data.classifiable() else { return nil }
    let images = parts.neighbors.count + parts.test.count
    let trained = try TrainedBackbone(
      Checkpoint.open(run.latestCheckpoint, on: communicator), imageSize: parts.test.imageSize,
      on: communicator)
    try communicator.requireMemory(
      forFeaturesOf: images, dimension: trained.backbone.blueprint.featureCount, isGathered: true)
    let placement = try communicator.placement()
    let pool = WorkerPool.forKernels(threads: file.threads ?? placement.threads)
    defer { BufferPool.drainAll() }
    let extractor = trained.configuration.makeExtractor(
      for: trained.backbone, onError: configuration.data.onError, pool: pool, communicator: communicator)
    let (known, asked) = try display.following("features of \(counted(images, "image"))") { report in
      try extractor.extractions(of: parts) { share in
        report(share)
        if try communicator.isStopRequested() { throw EvaluationStopped() }
      }
    }
    return try display.following("linear classifier") { report in
      try LinearReport.make(
        train: known, test: asked, parts, of: data, usage: extractor.usage(of: asked),
        evaluation: LinearEvaluation(), seeds: [0], on: communicator, pool: pool, progress: report)
    }?.json
  }
}
