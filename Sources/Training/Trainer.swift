import Collectives
import Configurations
import Datasets
import Layers
import Networks
import Objectives
import Optimizers
import Tensors

/// Takes training steps as a configuration describes them: rates and annealing by its schedules, the step, the update.
public final class Trainer {
  public let model: Model
  public let optimizer: Optimizer
  public let step: TrainingStep
  private let configuration: Configuration
  private let pool: WorkerPool
  private let constantRates: Set<ObjectIdentifier>

  /// What a step came to.
  public struct Outcome: Sendable {
    public let result: TrainingStep.Result
    public let learningRate: Double
  }

  /// - Parameters:
  ///   - model: What `configuration` describes.
  ///   - reducer: Sums statistics over ranks, the communicator of a job.
  ///   - gradients: Sums the gradients in the model's store over the same ranks; see
  ///     `Configuration.makeGradientReducer`.
  ///   - optimizer: The model's, if it has one already.
  ///   - skipsClosedChannels: See `TrainingStep.Settings`.
  public init(
    _ configuration: Configuration, model: Model, pool: WorkerPool,
    reducer: any ShardReducer, gradients: any GradientSink, optimizer: Optimizer? = nil,
    skipsClosedChannels: Bool = true
  ) {
    self.configuration = configuration
    self.model = model
    self.pool = pool
    var settings = TrainingStep.Settings()
    settings.microBatches = configuration.batch.microBatches
    settings.recomputes = configuration.memory.recompute
    settings.skipsClosedChannels = skipsClosedChannels
    step = TrainingStep(
      model: model, budget: configuration.budget, settings: settings, pool: pool, reducer: reducer,
      gradients: gradients)
    self.optimizer =
      optimizer
      ?? Optimizer(
        model.store, rule: configuration.updateRule, momentum: configuration.optimizer.momentum,
        weightDecay: configuration.optimizer.weightDecay)
    constantRates = Set(model.objective.constantRateParameters.map(ObjectIdentifier.init))
  }

  /// One update of all parameters.
  ///
  /// - Parameters:
  ///   - clock: Takes the time of the step's parts.
  ///   - audit: Looks at what this rank brought to the step before the update, which is not made if it throws; also
  ///     where the step came to a value that is not finite.
  /// - Throws: `LayerError.nonFinite`, `CollectiveError`, what `audit` throws.
  public func take(
    _ batch: ViewBatch, stepsPerEpoch: Int, clock: StepClock? = nil,
    audit: ((StepTrace) throws -> Void)? = nil
  ) throws -> Outcome {
    let trace = audit == nil ? nil : StepTrace()
    let result: TrainingStep.Result
    do {
      result = try run(step, batch, clock: clock, trace: trace)
    } catch LayerError.nonFinite(let layer, let shards) {
      // A wrong bit may be what made it.
      trace?.end(atNonFinite: layer)
      if let trace { try audit?(trace) }
      throw LayerError.nonFinite(layer: layer, shards: shards)
    }
    if let trace { try audit?(trace) }
    let rate = configuration.learningRates.rate(step: batch.step, stepsPerEpoch: stepsPerEpoch)
    let held = configuration.learningRates.heldRate(step: batch.step, stepsPerEpoch: stepsPerEpoch)
    func update() throws {
      try optimizer.update(
        learningRate: { constantRates.contains(ObjectIdentifier($0)) ? held : rate }, pool: pool)
    }
    try clock.map { try $0.time(.optimizer, update) } ?? update()
    return Outcome(result: result, learningRate: rate)
  }

  /// Takes any rank's part of a step once more, with what other ranks answered then. Neither gradients nor running
  /// statistics are touched.
  ///
  /// - Returns: What that rank should have brought. It ends early where the step cannot be repeated.
  func repeated(_ batch: ViewBatch, answers: RepeatedAnswers) throws -> StepTrace {
    let trace = StepTrace()
    let statistics = model.batchNorms.map { ($0, $0.runningMean, $0.runningVariance) }
    defer {
      for (batchNorm, mean, variance) in statistics {
        (batchNorm.runningMean, batchNorm.runningVariance) = (mean, variance)
      }
    }
    let again = TrainingStep(
      model: model, budget: step.budget, settings: step.settings, pool: pool, reducer: answers)
    do {
      _ = try model.store.keepingGradients { try run(again, batch, trace: trace) }
    } catch LayerError.nonFinite(let layer, _) {
      trace.end(atNonFinite: layer)
    } catch is OtherStep {
      trace.end(with: "the course of the step")
    }
    return trace
  }

  private func run(
    _ step: TrainingStep, _ batch: ViewBatch, clock: StepClock? = nil, trace: StepTrace?
  ) throws -> TrainingStep.Result {
    try step.run(
      StepBatch(
        images: batch.images, layout: batch.layout, indices: batch.indices, imageCount: batch.imageCount,
        seed: configuration.seed, epoch: batch.epoch, labels: { batch.labels }),
      noise: GateNoiseSource(seed: configuration.seed, epoch: batch.epoch, indices: batch.indices),
      annealing: Budget.annealing(alpha: configuration.annealingRate, epoch: batch.epoch), clock: clock,
      trace: trace)
  }
}
