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
  /// - Parameter clock: Takes the time of the step's parts.
  /// - Throws: `LayerError.nonFinite`, `CollectiveError`.
  public func take(_ batch: ViewBatch, stepsPerEpoch: Int, clock: StepClock? = nil) throws -> Outcome {
    let result = try step.run(
      StepBatch(
        images: batch.images, layout: batch.layout, indices: batch.indices, imageCount: batch.imageCount,
        seed: configuration.seed, epoch: batch.epoch, labels: { batch.labels }),
      noise: GateNoiseSource(seed: configuration.seed, epoch: batch.epoch, indices: batch.indices),
      annealing: Budget.annealing(alpha: configuration.annealingRate, epoch: batch.epoch), clock: clock)
    let rate = configuration.learningRates.rate(step: batch.step, stepsPerEpoch: stepsPerEpoch)
    let held = configuration.learningRates.heldRate(step: batch.step, stepsPerEpoch: stepsPerEpoch)
    func update() throws {
      try optimizer.update(
        learningRate: { constantRates.contains(ObjectIdentifier($0)) ? held : rate }, pool: pool)
    }
    try clock.map { try $0.time(.optimizer, update) } ?? update()
    return Outcome(result: result, learningRate: rate)
  }
}
