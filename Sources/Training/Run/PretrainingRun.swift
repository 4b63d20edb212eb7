import Collectives
import Datasets
import Evaluation
import Foundation
import Layers
import Logging
import Metrics
import Networks
import Objectives
import Tensors

/// One pretraining run from its configuration to its last checkpoint; every rank runs the same.
public final class PretrainingRun {
  /// What a person wants to know at the end.
  public struct Summary: Sendable {
    public let steps: Int
    /// Weighted k-NN top-1 of the untrained network in percent.
    public let top1Before: Double?
    public let after: KNNReport
    /// Images of all ranks a second in training; nil if every step had been taken before.
    public let imagesPerSecond: Double?
    public let checkpoint: String
  }

  let configuration: Configuration
  let communicator: Communicator
  let data: DatasetPair
  let model: Model
  let pool: WorkerPool
  /// What the run is going to do.
  public let plan: TrainingPlan
  var stepsPerEpoch: Int { plan.stepsPerEpoch }
  var totalSteps: Int { plan.lastStep }
  private let folder: RunFolder
  /// The checkpoint that the run goes on from, nil: it begins.
  private let start: String?
  private var state: TrainingState
  private let log: Logger
  private let display: ProgressDisplay
  let step: TrainingStep
  private let optimizer: Optimizer
  private let gradients: GradientReducer
  private let offsets: [ObjectIdentifier: Int]
  private let constantRates: Set<ObjectIdentifier>
  private let checkpointing: Checkpointing
  /// nil but on rank 0.
  private var progress: RunProgress?
  private var isRoot: Bool { communicator.rank == 0 }

  /// Opens the data, builds the model, restores what the run goes on from, and checks everything a person can
  /// get wrong but the right to write. Writes nothing.
  ///
  /// - Parameter display: Rank 0 shows its progress there.
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  public init(
    _ configuration: Configuration, folder: RunFolder, resume: Resume, communicator: Communicator,
    log: Logger, display: ProgressDisplay
  ) throws {
    self.configuration = configuration
    self.folder = folder
    self.communicator = communicator
    self.log = log
    self.display = display
    data = try communicator.agree {
      let data = try DatasetSource(parsing: configuration.data.source).open()
      let conflict = configuration.conflict(
        imageCount: data.train.count, worldSize: communicator.worldSize)
      if let conflict { throw conflict }
      if communicator.rank == 0 { try folder.check(configuration) }
      return data
    }
    start = try resume.checkpoint(
      in: folder.checkpoints, folder: folder.path, communicator: communicator
    ) { log.warning("\($0)") }
    let placement = try communicator.placement()
    pool = .forKernels(threads: configuration.threads ?? placement.threads)
    let size = configuration.network.inputSize ?? data.train.imageSize
    model = configuration.makeModel(imageSize: size)
    step = TrainingStep(
      model: model, budget: configuration.budget, macs: MACs(model.backbone, imageSize: size))
    optimizer = Optimizer(
      model.store, rule: configuration.updateRule, momentum: configuration.optimizer.momentum,
      weightDecay: configuration.optimizer.weightDecay)
    gradients = GradientReducer(communicator, gradients: model.store.gradients)
    offsets = Dictionary(
      uniqueKeysWithValues: zip(model.store.parameters.map(ObjectIdentifier.init), model.store.offsets))
    constantRates = Set(model.objective.constantRateParameters.map(ObjectIdentifier.init))
    checkpointing = Checkpointing(communicator: communicator, model: model, optimizer: optimizer)
    state = TrainingState(
      step: 0, epoch: 0, imagesSeen: 0, seed: configuration.seed,
      configuration: configuration.decisiveYAML)
    if let start {
      state = try checkpointing.restore(from: start)
    }
    plan = try TrainingPlan(
      configuration, data: data, model: model, imageSize: size, ranks: communicator.worldSize,
      threads: pool.threads, firstStep: state.step)
    if let start { try check(state, from: start) }
    if isRoot { for warning in data.warnings + placement.warnings { log.warning("\(warning)") } }
  }

  /// Makes the folder this run's, trains to the last step, evaluates, and writes the last checkpoint.
  ///
  /// - Returns: The summary on rank 0, nil on others.
  /// - Throws: `RunError.nonFinite` or `AgreedFailure` on every rank, or what failed on this rank alone.
  public func run() throws -> Summary? {
    defer { display.finish() }
    try communicator.agree { if isRoot { try folder.claim(for: configuration) } }
    if isRoot {
      progress = RunProgress(
        configuration, display: display, step: state.step, totalSteps: totalSteps,
        stepsPerEpoch: stepsPerEpoch, images: data.train.count + data.test.count, isNew: start == nil)
      for line in plan.text.split(separator: "\n") { log.info("\(line)") }
      if let start { log.info("going on from \(start), step \(state.step) of \(totalSteps)") }
    }
    let metrics =
      isRoot
      ? try MetricsWriter(path: folder.metrics, resumedStep: start == nil ? nil : state.step) : nil
    var report: KNNReport?
    var speed = Throughput()
    if start == nil {
      report = try evaluate()
      state.top1BeforeTraining = report?.weighted.top1
      try report.map { try record($0, metrics) }
    }
    if state.step < totalSteps {
      (report, speed) = try train(metrics)
    } else {
      // Nothing to train: max_steps is 0 or was reached before, perhaps in another folder.
      if start != nil { report = try evaluate() }
      if start != folder.checkpoints.path(ofStep: state.step) { try save() }
    }
    return report.map {
      Summary(
        steps: state.step, top1Before: state.top1BeforeTraining, after: $0,
        imagesPerSecond: speed.imagesPerSecond, checkpoint: folder.latestCheckpoint)
    }
  }

  // MARK: Steps

  private func train(_ metrics: MetricsWriter?) throws -> (last: KNNReport?, speed: Throughput) {
    var total = Throughput()
    var lastCheckpoint = start
    var report: KNNReport?
    var recent = Throughput()
    let loader = try ViewLoader(
      dataset: data.train, augmentation: configuration.views(imageSize: imageSize),
      seed: configuration.seed, globalBatchSize: configuration.batch.global,
      shardSize: configuration.batch.shard, rank: communicator.rank, worldSize: communicator.worldSize,
      startStep: state.step, threads: configuration.data.loaderThreads ?? pool.threads)
    defer { loader.stop() }

    while state.step < totalSteps {
      let begin = ContinuousClock.now
      let batch = try loader.next()
      let rate = configuration.learningRates.rate(step: batch.step, stepsPerEpoch: stepsPerEpoch)
      let result: TrainingStep.Result
      do {
        result = try take(batch, rate: rate)
      } catch LayerError.nonFinite(let layer) {
        throw RunError.nonFinite(step: batch.step + 1, layer: layer, lastCheckpoint: lastCheckpoint)
      }
      state.step = batch.step + 1
      state.epoch = batch.epoch
      state.imagesSeen += configuration.batch.global
      let seconds = (ContinuousClock.now - begin) / .seconds(1)
      recent.add(images: configuration.batch.global, seconds: seconds)
      total.add(images: configuration.batch.global, seconds: seconds)

      let isLast = state.step == totalSteps
      if let progress {
        let isLogged = isLast || state.step % configuration.logEvery == 0
        let current = currentMetrics(result, rate: rate, recent)
        if isLogged {
          try metrics?.write(current)
          recent = Throughput()
        }
        progress.stepped(current, seconds: seconds, isLogged: isLogged)
      }
      let isCheckpointDue = isLast || isDue(every: configuration.checkpoint.every)
      // An update can leave what only the next forward pass would trip over; a checkpoint has to be good.
      if isCheckpointDue, let tensor = model.firstNonFinite {
        throw RunError.nonFinite(step: state.step, layer: tensor, lastCheckpoint: lastCheckpoint)
      }
      if isLast || isDue(every: configuration.evaluate.every * stepsPerEpoch) {
        report = try evaluate()
        try report.map { try record($0, metrics) }
      }
      if isCheckpointDue {
        try save()
        lastCheckpoint = folder.checkpoints.path(ofStep: state.step)
      }
    }
    return (report, total)
  }

  /// One update of all parameters.
  private func take(_ batch: ViewBatch, rate: Double) throws -> TrainingStep.Result {
    let pass = Pass(
      .training, rows: batch.images.images, views: 2, shardSize: configuration.batch.shard, pool: pool,
      reducer: communicator,
      noise: GateNoiseSource(
        seed: configuration.seed, epoch: batch.epoch, indices: batch.indices, views: 2,
        shardSize: configuration.batch.shard))
    pass.gradientIsReady = { [gradients, offsets] in
      try gradients.ready(downTo: offsets[ObjectIdentifier($0)]!)
    }
    let annealing = Budget.annealing(alpha: configuration.annealingRate, epoch: batch.epoch)
    let result = try step.run(batch.images, annealing: annealing, in: pass)
    _ = try gradients.finish()
    let held = configuration.learningRates.heldRate(step: batch.step, stepsPerEpoch: stepsPerEpoch)
    try optimizer.update(
      learningRate: { constantRates.contains(ObjectIdentifier($0)) ? held : rate }, pool: pool)
    return result
  }

  /// Writes a checkpoint, on rank 0.
  private func save() throws {
    guard isRoot else { return }
    progress?.beginCheckpoint()
    try checkpointing.save(state, to: folder.checkpoints, keep: configuration.checkpoint.keep)
    progress?.end(.checkpoint)
  }

  /// Whether something that is done every so many steps, 0: never, follows this one.
  private func isDue(every steps: Int) -> Bool { steps > 0 && state.step % steps == 0 }

  /// A checkpoint from elsewhere must be one that this run could have written.
  private func check(_ state: TrainingState, from path: String) throws {
    try communicator.agree {
      try configuration.requireSameResult(as: state.readConfiguration(from: path), in: path)
    }
  }

  // MARK: Evaluation and records

  private var imageSize: Int { configuration.network.inputSize ?? data.train.imageSize }

  /// k-NN on the test images; nil but on rank 0.
  private func evaluate() throws -> KNNReport? {
    progress?.beginEvaluation()
    // Training's buffers and evaluation's differ in size: together they would double the peak.
    BufferPool.shared.drain()
    defer { BufferPool.shared.drain() }
    let report = try KNNReport.measure(
      FeatureExtractor(
        backbone: model.backbone, imageSize: imageSize, shardSize: configuration.batch.shard, pool: pool,
        reducer: communicator),
      data: data, isReporting: isRoot
    ) { progress?.evaluated($0) }
    progress?.end(.evaluation)
    return report
  }

  private func record(_ report: KNNReport, _ metrics: MetricsWriter?) throws {
    log.info("step \(state.step)  \(report.line)")
    try metrics?.write(evaluation: report.json, step: state.step, epoch: state.epoch)
  }

  private func currentMetrics(
    _ result: TrainingStep.Result, rate: Double, _ speed: Throughput
  ) -> TrainingMetrics {
    TrainingMetrics(
      step: state.step, epoch: state.epoch, loss: result.total, objective: result.objective,
      budget: result.budget, bound: result.bound, macsShare: result.macsShare, density: result.densities,
      learningRate: rate, imagesPerSecond: speed.imagesPerSecond ?? 0)
  }
}
