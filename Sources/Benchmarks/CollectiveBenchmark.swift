import Collectives
import Configurations
import Datasets
import Layers
import Networks
import Objectives
import Tensors
import Training

/// What `sluice bench collectives` is asked for.
public struct CollectiveOptions: Sendable {
  /// Images of a rank in a step; nil: its share of the configuration's.
  public var batch: Int?
  /// Training steps to take with communication, after one that is not counted.
  public var steps = 0
  /// Nodes to plan for; nil: no plan.
  public var nodes: [Int]?
  public var ranksPerNode = 1
  /// A network to plan for; nil: the one that is measured.
  public var link: CommunicationModel.Link?
  /// How long a step takes a rank of the machine to plan for; nil: what it takes here.
  public var stepSeconds: Double?

  public init() {}
}

/// Why nothing can be measured or planned.
public enum CollectiveBenchmarkError: Error, CustomStringConvertible {
  case oneRank

  public var description: String {
    switch self {
    case .oneRank:
      "one rank has no one to exchange data with: start several with scripts/launch, or plan with --latency and "
        + "--bandwidth"
    }
  }
}

/// Measures exchanges between ranks and plans for more of them; every rank runs the same.
public final class CollectiveBenchmark {
  private let options: CollectiveOptions
  private let configuration: Configuration
  private let communicator: Communicator
  private let pool: WorkerPool
  private let gradients: GradientReducer
  private let trainer: Trainer
  private let batch: ViewBatch

  /// Side in pixels of the views where the configuration leaves it to its data, which is not opened.
  public static let usualImageSize = 32
  /// Classes of the images where the configuration leaves that to its data.
  public static let usualClassCount = ViewBatch.syntheticClassCount
  private static let profiledSteps = 3
  /// Of a schedule that the timed steps never get through.
  private static let stepsPerEpoch = 1000

  /// - Throws: `CollectiveBenchmarkError` or `ConfigurationError`, in an `AgreedFailure`; `CollectiveError`.
  public init(
    _ configuration: Configuration, options: CollectiveOptions, communicator: Communicator
  ) throws {
    var configuration = configuration
    let ranks = communicator.worldSize
    configuration.batch.global = options.batch.map { $0 * ranks } ?? configuration.batch.global
    try communicator.agree {
      if ranks == 1, options.link == nil || options.steps > 0 { throw CollectiveBenchmarkError.oneRank }
      if let conflict = configuration.conflict(imageCount: .max, worldSize: ranks) { throw conflict }
    }
    self.options = options
    self.configuration = configuration
    self.communicator = communicator
    pool = .forKernels(threads: try configuration.threads ?? communicator.placement().threads)
    let model = configuration.makeModel()
    gradients = configuration.makeGradientReducer(for: model, on: communicator)
    trainer = Trainer(
      configuration, model: model, pool: pool, reducer: communicator,
      gradients: gradients)
    batch = .synthetic(
      views: configuration.objective.chosen.views, turns: configuration.objective.chosen.turns,
      size: configuration.network.inputSize,
      classes: configuration.objective.chosen.classCount,
      globalBatchSize: configuration.batch.global, shardSize: configuration.batch.shard,
      rank: communicator.rank, worldSize: ranks)
  }

  private var localBatch: Int { configuration.batch.global / communicator.worldSize }

  /// Measures what was asked for.
  ///
  /// - Throws: `LayerError`, `CollectiveError`.
  public func run() throws -> CollectiveReport {
    var times: CollectiveTimes?
    if communicator.worldSize > 1 {
      let embeddings = batch.images.rows * trainer.model.objective.heads[0].outFeatures
      times = try CollectiveStopwatch(communicator: communicator)
        .measure(embeddings: embeddings, gradients: gradients)
    }
    let (profile, steps) = try takeSteps()
    let link = options.link ?? times?.link
    var plan: [CollectiveReport.Planned] = []
    if let profile, let link {
      plan = (options.nodes ?? []).map { count in
        let model = CommunicationModel(link: link, nodes: count, ranksPerNode: options.ranksPerNode)
        return .init(
          nodes: count, ranks: model.ranks,
          prediction: model.predict(
            profile, buckets: gradients.ranges, bytesPerGradient: gradients.precision.bytes))
      }
    }
    return CollectiveReport(images: localBatch, times: times, link: link, steps: steps, plan: plan)
  }

  /// Steps that are profiled for the plan and steps with communication, in turn, so that what else the machine does
  /// is in both; the first of each is not counted.
  private func takeSteps() throws -> (StepProfile?, CollectiveReport.Steps?) {
    var profiles: [StepProfile] = []
    var steps: [TimedStep] = []
    let profiled = options.nodes == nil ? 0 : max(Self.profiledSteps, options.steps)
    for number in 0...max(profiled, options.steps) {
      if profiled > 0, number <= profiled {
        try communicator.barrier()
        profiles.append(try profileStep())
      }
      if options.steps > 0, number <= options.steps {
        try communicator.barrier()
        steps.append(try trainingStep())
      }
    }
    return (try middle(of: profiles), try summary(of: steps))
  }

  /// The median step's profile. All ranks work at the same time without talking, as they share a machine's cores and
  /// memory in training; the slowest one's step counts.
  private func middle(of profiles: [StepProfile]) throws -> StepProfile? {
    guard !profiles.isEmpty else { return nil }
    let sorted = profiles.dropFirst().sorted { $0.seconds < $1.seconds }
    let middle = sorted[sorted.count / 2]
    return middle.scaled(to: try options.stepSeconds ?? communicator.largest(middle.seconds))
  }

  /// What a training step asks of other ranks, and when; the same step that `pretrain` takes of this configuration.
  func profileStep() throws -> StepProfile {
    let exchanges = ProfiledExchanges()
    let trainer = Trainer(
      configuration, model: trainer.model, pool: pool, reducer: exchanges,
      gradients: exchanges, optimizer: trainer.optimizer)
    _ = try trainer.take(batch, stepsPerEpoch: Self.stepsPerEpoch)
    return exchanges.profile
  }

  private struct TimedStep {
    let seconds: Double
    let waits: GradientWaits
    /// Waiting for statistics and embeddings.
    let blocked: Double
  }

  private func trainingStep() throws -> TimedStep {
    let clock = StepClock()
    let begin = ContinuousClock.now
    let waits = try trainer.take(batch, stepsPerEpoch: Self.stepsPerEpoch, clock: clock).result.gradientWaits
    return TimedStep(
      seconds: (ContinuousClock.now - begin) / .seconds(1), waits: waits,
      blocked: clock.seconds[.communication] ?? 0)
  }

  private func summary(of steps: [TimedStep]) throws -> CollectiveReport.Steps? {
    guard !steps.isEmpty else { return nil }
    func largest(_ value: (TimedStep) -> Double) throws -> Double {
      try communicator.largest(median(steps.dropFirst().map(value)))
    }
    return CollectiveReport.Steps(
      count: steps.count - 1, seconds: try largest(\.seconds), exposed: try largest(\.waits.exposedSeconds),
      blocked: try largest(\.blocked))
  }
}
