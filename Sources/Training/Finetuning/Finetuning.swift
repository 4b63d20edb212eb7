import Collectives
import Configurations
import Datasets
import Evaluation
import Layers
import Objectives
import Provenance
import Tensors

/// Fine-tunes a checkpoint's network with shares of a data set's labels, and tests what comes of it. Every rank runs the
/// same.
public struct Finetuning {
  private let settings: FinetuneSettings
  private let trained: TrainedBackbone
  private let data: DataParts
  private let parts: ClassifiableParts
  /// The class of each image that has one to train with.
  private let labels: [Int]
  private let onError: OnBadImage
  private let pool: WorkerPool
  private let communicator: Communicator

  /// - Parameters:
  ///   - parts: Of `data`; its neighbours are trained on.
  ///   - onError: What happens where an image cannot be used.
  public init(
    _ settings: FinetuneSettings, of trained: TrainedBackbone, on data: DataParts, _ parts: ClassifiableParts,
    onError: OnBadImage, pool: WorkerPool, communicator: Communicator
  ) {
    self.settings = settings
    self.trained = trained
    self.data = data
    self.parts = parts
    self.onError = onError
    self.pool = pool
    self.communicator = communicator
    labels = (0..<parts.neighbors.count).compactMap { parts.neighbors.label(at: $0) }
  }

  /// Trains and tests for every share and seed.
  ///
  /// - Parameter progress: Told the share of the work that is done.
  /// - Returns: nil on other ranks than 0.
  /// - Throws: On every rank `EvaluationStopped`, `FinetuneFailure`, or the same `AgreedFailure`; `CollectiveError`.
  public func run(progress: (Double) -> Void = { _ in }) throws -> FinetuneReport? {
    let trainings = try settings.shares.map { share in try settings.seeds.map { try training(share, $0) } }
    let total = trainings.joined().reduce(0) { $0 + work($1) }
    var done = 0.0
    var results: [[FinetuneReport.Run]] = []
    var skipped: [String] = []
    for training in trainings {
      var runs: [FinetuneReport.Run] = []
      for training in training {
        let result = try result(of: training) { progress((done + $0 * work(training)) / total) }
        done += work(training)
        skipped += result.skipped.filter { !skipped.contains($0) }
        if let run = result.run { runs.append(run) }
      }
      results.append(runs)
    }
    guard communicator.rank == 0 else { return nil }
    let rows = zip(trainings, results).map { trainings, runs in
      FinetuneReport.Row(
        share: trainings[0].share, trainingImages: trainings[0].images.count,
        configuration: trainings[0].configuration, runs: runs)
    }
    return FinetuneReport(rows: rows, checkpoint: trained.path, skipped: skipped, data: data)
  }

  /// One share with one seed.
  private struct Training {
    let share: LabelShare
    let images: SubsetDataset
    let configuration: Configuration

    var steps: Int { configuration.epochs * (images.count / configuration.batch.global) }
  }

  /// - Throws: The same `AgreedFailure` on every rank where there are too few images or too many ranks.
  private func training(_ share: LabelShare, _ seed: UInt64) throws -> Training {
    let images = SubsetDataset(parts.neighbors, indices: share.images(of: labels, seed: seed))
    return try communicator.agree {
      guard images.count >= Configuration.fewestFinetuningImages else {
        throw FinetuneError.tooFewImages(share, images: images.count, of: labels.count)
      }
      let configuration = trained.configuration.finetuning(
        images: images.count, classCount: parts.neighbors.classCount, epochs: settings.epochs(for: share),
        learningRate: settings.learningRate, seed: seed, onError: onError)
      let batch = configuration.batch
      guard batch.global % (batch.shard * communicator.worldSize) == 0 else {
        throw FinetuneError.ranks(communicator.worldSize, share, configuration)
      }
      return Training(share: share, images: images, configuration: configuration)
    }
  }

  /// In images that go forward; backward takes about twice as long.
  private func work(_ training: Training) -> Double {
    Double(3 * training.steps * training.configuration.batch.global + parts.test.count)
  }

  // MARK: One training

  /// - Returns: The run on rank 0, nil on others; sentences about images that could not be used.
  private func result(
    of training: Training, progress: (Double) throws -> Void
  ) throws -> (run: FinetuneReport.Run?, skipped: [String]) {
    let configuration = try fitted(training)
    let model = configuration.makeModel()
    try trained.load(into: model.backbone)
    let tested = Double(parts.test.count) / work(training)
    let met = try train(model, configuration, training) { try progress($0 * (1 - tested)) }
    // Training's buffers and evaluation's differ in size.
    BufferPool.drainAll()
    defer { BufferPool.drainAll() }
    let extractor = trained.configuration.makeExtractor(
      for: model.backbone, projector: model.objective.heads[0], onError: onError, pool: pool,
      communicator: communicator)
    let logits = try extractor.extraction(of: parts.test, .projector) {
      try progress(1 - tested * (1 - $0))
      try stopIfAsked()
    }
    let predictions = try Predictions(logits: logits.features, labels: logits.labels ?? [])
      .gathered(on: communicator)
    let skipped =
      try SkippedSentences.gather(met, of: training.images, on: communicator)
      + SkippedSentences.gather(logits.skipped, of: parts.test, on: communicator)
    let macsShare = extractor.usage(of: logits).macsShare
    return (
      predictions.map {
        FinetuneReport.Run(seed: configuration.seed, predictions: $0, macsShare: macsShare)
      }, skipped
    )
  }

  /// All steps.
  ///
  /// - Returns: The images that this rank could not use.
  private func train(
    _ model: Model, _ configuration: Configuration, _ training: Training, progress: (Double) throws -> Void
  ) throws -> [SkippedImage] {
    let trainer = Trainer(
      configuration, model: model, pool: pool, reducer: communicator,
      gradients: configuration.makeGradientReducer(for: model, on: communicator))
    let loader = try configuration.makeLoader(
      for: training.images, startStep: 0, threads: pool.threads, communicator: communicator)
    defer { loader.stop() }
    var skipped: [SkippedImage] = []
    for step in 1...training.steps {
      guard let batch = try communicator.agreeUnlessStopped({ try loader.next() }) else {
        throw EvaluationStopped()
      }
      skipped = (skipped + batch.skipped).unique
      do {
        _ = try trainer.take(batch, stepsPerEpoch: loader.stepsPerEpoch)
      } catch LayerError.nonFinite(let layer, _) {
        throw FinetuneFailure(share: training.share, seed: configuration.seed, step: step, layer: layer)
      }
      try progress(Double(step) / Double(training.steps))
    }
    return skipped
  }

  private func stopIfAsked() throws {
    if try communicator.isStopRequested() { throw EvaluationStopped() }
  }

  /// The training's configuration, which runs forward twice where memory is short: for the same bits.
  ///
  /// - Throws: The same `AgreedFailure` on every rank where that is certain not to be enough.
  private func fitted(_ training: Training) throws -> Configuration {
    var configuration = training.configuration
    let environments = try Environment.gather(communicator, threads: pool.threads)
    func shortage() throws -> MemoryShortage? {
      let (backbone, objective) = configuration.makeNetwork()
      let memory = try MemoryEstimate(
        configuration, data: DataParts(train: training.images, test: parts.test), backbone: backbone,
        heads: objective.heads, ranks: communicator.worldSize, threads: pool.threads)
      return try communicator.memoryShortage(for: memory.bytes, environments)
    }
    if try shortage() == nil { return configuration }
    configuration.memory.recompute = true
    if let left = try shortage(), left.isCertain {
      throw AgreedFailure(
        onEveryRank: FinetuneError.noMemory(problem: left.problem), hostName: communicator.hostName)
    }
    return configuration
  }
}
