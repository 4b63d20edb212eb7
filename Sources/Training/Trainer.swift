import Collectives
import Configurations
import Datasets
import Layers
import Networks
import Objectives
import Optimizers
import Tensors

/// Takes training steps: forward and backward of a batch, the sum of gradients over ranks, the update.
public final class Trainer {
  public let model: Model
  public let optimizer: Optimizer
  private let configuration: Configuration
  private let step: TrainingStep
  private let pool: WorkerPool
  private let communicator: Communicator
  private let gradients: GradientReducer
  private let offsets: [ObjectIdentifier: Int]
  /// Trainable parameters in the order in which backward completes their gradients.
  private let backwardOrder: [Parameter]
  private let constantRates: Set<ObjectIdentifier>

  /// What a step came to.
  public struct Outcome: Sendable {
    public let result: TrainingStep.Result
    public let learningRate: Double
    public let gradientWaits: GradientWaits
  }

  /// - Parameter model: What `configuration` describes.
  public init(
    _ configuration: Configuration, model: Model, pool: WorkerPool, communicator: Communicator
  ) {
    self.configuration = configuration
    self.model = model
    self.pool = pool
    self.communicator = communicator
    step = TrainingStep(
      model: model, budget: configuration.budget,
      macs: MACs(model.backbone, imageSize: configuration.network.inputSize))
    optimizer = Optimizer(
      model.store, rule: configuration.updateRule, momentum: configuration.optimizer.momentum,
      weightDecay: configuration.optimizer.weightDecay)
    gradients = GradientReducer(
      communicator, gradients: model.store.gradients, precision: configuration.gradients.precision)
    offsets = Dictionary(
      uniqueKeysWithValues: zip(model.store.parameters.map(ObjectIdentifier.init), model.store.offsets))
    backwardOrder = model.store.parameters.reversed().filter(\.isTrainable)
    constantRates = Set(model.objective.constantRateParameters.map(ObjectIdentifier.init))
  }

  /// One update of all parameters.
  ///
  /// - Parameters:
  ///   - clock: Takes the time of the step's parts.
  ///   - watch: Told the projections.
  /// - Throws: `LayerError.nonFinite`, `CollectiveError`.
  public func take(
    _ batch: ViewBatch, stepsPerEpoch: Int, clock: StepClock? = nil,
    watch: @escaping (Pass, Tensor) throws -> Void = { _, _ in }
  ) throws -> Outcome {
    let views = configuration.objective.chosen.views
    let pass = Pass(
      .training, rows: batch.images.rows, views: views, shardSize: configuration.batch.shard, pool: pool,
      reducer: clock.map { TimedReducer(communicator, clock: $0) } ?? communicator,
      noise: GateNoiseSource(
        seed: configuration.seed, epoch: batch.epoch, indices: batch.indices, views: views,
        shardSize: configuration.batch.shard),
      recomputes: configuration.memory.recompute)
    pass.clock = clock
    var order = backwardOrder.makeIterator()
    pass.gradientIsReady = { [unowned pass, gradients, offsets] parameter in
      // What is sent before it is final would be wrong on other ranks, and on them only.
      precondition(parameter === order.next(), "the gradient of \(parameter.name) is ready too early")
      try pass.timed(.gradients) { try gradients.ready(downTo: offsets[ObjectIdentifier(parameter)]!) }
    }
    // MPI works only inside its calls: without these the sums would wait until backward is over.
    pass.betweenPieces = { [gradients] in try gradients.progress() }
    pass.projectionsAreReady = { [unowned pass] in try watch(pass, $0) }
    let annealing = Budget.annealing(alpha: configuration.annealingRate, epoch: batch.epoch)
    let result = try step.run(
      batch.images, annealing: annealing, in: pass, microBatches: configuration.batch.microBatches)
    let waits = try pass.timed(.gradients) { try gradients.finish() }
    let rate = configuration.learningRates.rate(step: batch.step, stepsPerEpoch: stepsPerEpoch)
    let held = configuration.learningRates.heldRate(step: batch.step, stepsPerEpoch: stepsPerEpoch)
    try pass.timed(.optimizer) {
      try optimizer.update(
        learningRate: { constantRates.contains(ObjectIdentifier($0)) ? held : rate }, pool: pool)
    }
    return Outcome(result: result, learningRate: rate, gradientWaits: waits)
  }

  /// The ranges of gradients that are summed over ranks together, in the order in which they are sent.
  package var buckets: [Range<Int>] { gradients.ranges }
  /// Of one gradient on its way between ranks.
  package var bytesPerGradient: Int { configuration.gradients.precision.bytes }
  /// What a rank brings to the sum of each bucket.
  package var bucketBytes: [Int] { buckets.map { $0.count * bytesPerGradient } }

  /// Sums over ranks what gradients there are, with nothing to hide behind: what a step's sum would take alone.
  ///
  /// The gradients are worthless afterwards.
  ///
  /// - Throws: `CollectiveError`.
  public func sumGradientsAlone() throws -> GradientWaits { try gradients.finish() }
}
