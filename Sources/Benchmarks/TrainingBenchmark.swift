import Collectives
import Configurations
import Datasets
import Layers
import Machine
import Progress
import Tensors
import Training

/// Times whole training steps as `pretrain` takes them: forward, backward, the sum of gradients over ranks, the
/// update. Every rank runs the same.
public final class TrainingBenchmark {
  private let options: TrainingBenchmarkOptions
  private let configuration: Configuration
  private let communicator: Communicator
  private let pool: WorkerPool
  private let dataset: (any ImageDataset)?

  /// Schedules count epochs of so many steps where there is no data: rates stay those of the start.
  private static let syntheticStepsPerEpoch = 1000
  /// Side in pixels of their views where nothing says it.
  private static let syntheticImageSize = 32
  /// Sums of gradients that are timed by themselves.
  private static let gradientSums = 5

  /// - Throws: The same `AgreedFailure` on every rank for what the options got wrong; `CollectiveError`.
  public init(_ options: TrainingBenchmarkOptions, communicator: Communicator) throws {
    self.options = options
    self.communicator = communicator
    let placement = try communicator.placement()
    let ranks = communicator.worldSize
    // Shards have to be the same on unlike nodes.
    let cores = try communicator.broadcast(value: placement.threads)
    let file = try options.file(on: communicator)
    let (written, data): (Configuration, DataParts?) =
      options.usesLoader
      ? try file.opened(on: communicator)
      : (
        try file.resolved(
          imageSize: Self.syntheticImageSize, classCount: ViewBatch.syntheticClassCount, on: communicator),
        nil
      )
    let configuration = options.applied(to: written, ranks: ranks, coresOfARank: cores)
    try communicator.agree {
      let conflict = configuration.conflict(imageCount: data?.train.count ?? .max, worldSize: ranks)
      let labels = data.flatMap { configuration.labelConflict(classCount: $0.train.labelledClassCount) }
      if let conflict = conflict ?? labels ?? configuration.processorConflict { throw conflict }
    }
    self.configuration = configuration
    dataset = data?.train
    pool = .forKernels(threads: configuration.threads ?? placement.threads)
  }

  /// Takes the steps.
  ///
  /// - Parameter display: Rank 0 shows its progress there.
  /// - Returns: What rank 0 measured; memory is the largest of all ranks'.
  /// - Throws: `LayerError`, `CollectiveError`, and what the data throws.
  public func run(showing display: ProgressDisplay) throws -> TrainingBenchmarkReport {
    defer { display.finish() }
    let model = configuration.makeModel()
    let gradients = configuration.makeGradientReducer(for: model, on: communicator)
    let trainer = Trainer(
      configuration, model: model, pool: pool, reducer: communicator,
      gradients: gradients, skipsClosedChannels: !options.multipliesClosed)
    let source = try makeSource()
    defer { source.stop() }

    var steps: [StepTimes.Step] = []
    var macsShare = 1.0
    let count = options.warmup + options.steps
    for number in 0..<count {
      let clock = StepClock()
      let begin = ContinuousClock.now
      let batch = try source.next(on: clock)
      let outcome = try trainer.take(batch, stepsPerEpoch: source.stepsPerEpoch, clock: clock)
      let seconds = (ContinuousClock.now - begin) / .seconds(1)
      macsShare = outcome.result.macsShare
      if number >= options.warmup {
        steps.append(
          StepTimes.Step(seconds: seconds, parts: clock.seconds, gradients: outcome.result.gradientWaits))
      }
      show(number + 1, of: count, seconds: seconds, on: display)
    }
    let peak = try communicator.gatherEach(peakResidentMB()).compactMap(\.self)
    return TrainingBenchmarkReport(
      configuration, options: options, ranks: communicator.worldSize, threads: pool.threads,
      model: model, times: StepTimes(steps),
      gradientsAlone: try secondsAlone(gradients), peakMB: peak.max(),
      macsShare: macsShare)
  }

  /// Where batches come from: always the same one, or a loader.
  private enum Source {
    case synthetic(ViewBatch)
    case loader(ViewLoader)

    func next(on clock: StepClock) throws -> ViewBatch {
      switch self {
      case .synthetic(let batch): batch
      case .loader(let loader): try clock.time(.data) { try loader.next() }
      }
    }

    var stepsPerEpoch: Int {
      switch self {
      case .synthetic: syntheticStepsPerEpoch
      case .loader(let loader): loader.stepsPerEpoch
      }
    }

    func stop() {
      if case .loader(let loader) = self { loader.stop() }
    }
  }

  private func makeSource() throws -> Source {
    if let dataset {
      return .loader(
        try configuration.makeLoader(
          for: dataset, startStep: 0, threads: pool.threads, communicator: communicator)
      )
    }
    return .synthetic(
      .synthetic(
        views: configuration.objective.chosen.views, turns: configuration.objective.chosen.turns,
        size: configuration.network.inputSize,
        classes: configuration.objective.chosen.classCount,
        globalBatchSize: configuration.batch.global, shardSize: configuration.batch.shard,
        rank: communicator.rank, worldSize: communicator.worldSize))
  }

  /// Seconds that the sum of gradients takes when it hides behind nothing; nil on one rank.
  private func secondsAlone(_ gradients: GradientReducer) throws -> Double? {
    guard communicator.worldSize > 1 else { return nil }
    return median(
      try (0..<Self.gradientSums).map { _ in
        try communicator.barrier()
        return try gradients.finish().exposedSeconds
      })
  }

  private func show(_ step: Int, of count: Int, seconds: Double, on display: ProgressDisplay) {
    let isWarmup = step <= options.warmup
    let left = Double(count - step) * seconds
    let what =
      isWarmup
      ? "warm-up step \(step)/\(options.warmup)" : "step \(step - options.warmup)/\(options.steps)"
    display.update(
      ProgressState(share: Double(step) / Double(count), secondsLeft: left, details: [what]))
    display.line("\(what)  \(milliseconds(seconds)) ms", isLast: step == count)
  }
}
