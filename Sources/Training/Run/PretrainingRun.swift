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
  let stepsPerEpoch: Int
  let totalSteps: Int
  private let folder: RunFolder
  private let resume: Resume
  /// The checkpoint that the run goes on from, nil: it begins.
  private let start: String?
  private var state: TrainingState
  private let log: Logger
  private let display: ProgressDisplay
  let step: TrainingStep
  private let optimizer: SGD
  private let gradients: GradientReducer
  private let offsets: [ObjectIdentifier: Int]
  private let constantRates: Set<ObjectIdentifier>
  private let checkpointing: Checkpointing
  private var isRoot: Bool { communicator.rank == 0 }

  /// Opens the data, builds the model, restores what the run goes on from and, once everything a person can
  /// get wrong was checked, makes the folder this run's.
  ///
  /// - Parameter display: Rank 0 shows its progress there.
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  public init(
    _ configuration: Configuration, folder: RunFolder, resume: Resume, communicator: Communicator,
    log: Logger, display: ProgressDisplay
  ) throws {
    self.configuration = configuration
    self.folder = folder
    self.resume = resume
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
    optimizer = SGD(
      model.store, momentum: configuration.optimizer.momentum,
      weightDecay: configuration.optimizer.weightDecay)
    gradients = GradientReducer(communicator, gradients: model.store.gradients)
    offsets = Dictionary(
      uniqueKeysWithValues: zip(model.store.parameters.map(ObjectIdentifier.init), model.store.offsets))
    constantRates = Set(model.objective.constantRateParameters.map(ObjectIdentifier.init))
    checkpointing = Checkpointing(communicator: communicator, model: model, optimizer: optimizer)
    stepsPerEpoch = data.train.count / configuration.batch.global
    let steps = configuration.epochs * stepsPerEpoch
    totalSteps = min(steps, configuration.maxSteps ?? steps)
    state = TrainingState(
      step: 0, epoch: 0, imagesSeen: 0, seed: configuration.seed,
      configuration: configuration.decisiveYAML)
    if let start {
      state = try checkpointing.restore(from: start)
      try check(state, from: start)
    }
    try communicator.agree { if isRoot { try folder.claim(for: configuration) } }
    if isRoot {
      for warning in data.warnings + placement.warnings { log.warning("\(warning)") }
      for line in plan(imageSize: size) { log.info("\(line)") }
      if let start { log.info("going on from \(start), step \(state.step) of \(totalSteps)") }
    }
  }

  /// Trains to the last step, evaluates, and writes the last checkpoint.
  ///
  /// - Returns: The summary on rank 0, nil on others.
  /// - Throws: `RunStopped`, `RunError.nonFinite` or `AgreedFailure` on every rank, or what failed on this rank
  ///   alone.
  public func run() throws -> Summary? {
    let records =
      isRoot
      ? try RunRecords(folder, of: configuration, resumedStep: start == nil ? nil : state.step) { [log] in
        log.warning("\($0)")
      }
      : nil
    var report: KNNReport?
    var speed = Throughput()
    let isBeginning = start == nil
    // A stop may have come in the way of the evaluation that belongs to the checkpoint.
    let isOwed = try !isBeginning && isEvaluationDue && !isEvaluated(records)
    if isBeginning || isOwed { report = try evaluate(records) }
    if isBeginning { state.top1BeforeTraining = report?.weighted.top1 }
    if try communicator.isStopRequested() { throw stopped(with: start) }
    if state.step < totalSteps {
      (report, speed) = try train(records)
    } else {
      // Nothing to train: max_steps is 0 or was reached before, perhaps in another folder.
      if !isBeginning, !isOwed { report = try evaluate(nil) }
      let last = folder.checkpoints.path(ofStep: state.step)
      if start != last { try saveLast(records) }
      if try communicator.isStopRequested() { throw stopped(with: last) }
    }
    display.finish()
    return report.map {
      Summary(
        steps: state.step, top1Before: state.top1BeforeTraining, after: $0,
        imagesPerSecond: speed.imagesPerSecond, checkpoint: folder.latestCheckpoint)
    }
  }

  // MARK: Steps

  private func train(_ records: RunRecords?) throws -> (last: KNNReport?, speed: Throughput) {
    var total = Throughput()
    var lastCheckpoint = start
    var report: KNNReport?
    var recent = Throughput()
    let line = ProgressLine(
      epochs: configuration.epochs, steps: totalSteps, imagesPerStep: configuration.batch.global)
    var watch = CollapseWatch(
      objective: configuration.objective.name,
      warmupSteps: max(200, configuration.schedule.warmupEpochs * stepsPerEpoch),
      history: records?.keptLines ?? [])
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
      let isLast = batch.step + 1 == totalSteps
      let isLogged = isLast || (batch.step + 1) % configuration.logEvery == 0
      var spread: EmbeddingSpread?
      let result: TrainingStep.Result
      do {
        result = try take(batch, rate: rate) { pass, z in
          if isLogged { spread = try EmbeddingSpread(z, in: pass) }
        }
      } catch LayerError.nonFinite(let layer) {
        throw RunError.nonFinite(step: batch.step + 1, layer: layer, lastCheckpoint: lastCheckpoint)
      }
      state.step = batch.step + 1
      state.epoch = batch.epoch
      state.imagesSeen += configuration.batch.global
      let seconds = (ContinuousClock.now - begin) / .seconds(1)
      recent.add(images: configuration.batch.global, seconds: seconds)
      total.add(images: configuration.batch.global, seconds: seconds)

      if isRoot, isLogged {
        let metrics = self.metrics(of: result, spread, rate: rate, recent)
        try records?.record(metrics)
        display.update(line.text(metrics))
        for warning in watch.observe(metrics) { log.warning("\(warning)") }
        recent = Throughput()
      }
      var isStopping = try communicator.isStopRequested()
      let isCheckpointDue = isLast || isStopping || isDue(every: configuration.checkpoint.every)
      // An update can leave what only the next forward pass would trip over; a checkpoint has to be good.
      if isCheckpointDue || isEvaluationDue, let tensor = model.firstNonFinite {
        throw RunError.nonFinite(step: state.step, layer: tensor, lastCheckpoint: lastCheckpoint)
      }
      if isEvaluationDue, !isStopping {
        report = try evaluate(records)
        // The evaluation was abandoned if this is so, and is made up for when the run goes on.
        isStopping = try communicator.isStopRequested()
      }
      if isLast || isStopping {
        try saveLast(records)
      } else if isCheckpointDue, try records?.save(step: state.step, save(to:)) ?? true {
        lastCheckpoint = folder.checkpoints.path(ofStep: state.step)
      }
      if isStopping { throw stopped(with: folder.checkpoints.path(ofStep: state.step)) }
    }
    return (report, total)
  }

  /// One update of all parameters.
  ///
  /// - Parameter watch: Told the projections.
  private func take(
    _ batch: ViewBatch, rate: Double, watch: @escaping (Pass, Tensor) throws -> Void
  ) throws -> TrainingStep.Result {
    let pass = Pass(
      .training, rows: batch.images.images, views: 2, shardSize: configuration.batch.shard, pool: pool,
      reducer: communicator,
      noise: GateNoiseSource(
        seed: configuration.seed, epoch: batch.epoch, indices: batch.indices, views: 2,
        shardSize: configuration.batch.shard))
    pass.gradientIsReady = { [gradients, offsets] in
      try gradients.ready(downTo: offsets[ObjectIdentifier($0)]!)
    }
    pass.projectionsAreReady = { [unowned pass] in try watch(pass, $0) }
    let annealing = Budget.annealing(alpha: configuration.annealingRate, epoch: batch.epoch)
    let result = try step.run(batch.images, annealing: annealing, in: pass)
    _ = try gradients.finish()
    let held = configuration.learningRates.heldRate(step: batch.step, stepsPerEpoch: stepsPerEpoch)
    try optimizer.update(
      learningRate: { constantRates.contains(ObjectIdentifier($0)) ? held : rate }, pool: pool)
    return result
  }

  /// Writes a checkpoint; rank 0 only.
  private func save(to store: CheckpointStore) throws { try checkpointing.save(state, to: store) }

  /// Writes what the run ends with, if it can be written at all.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  private func saveLast(_ records: RunRecords?) throws {
    _ = try communicator.onRoot { isStopRequested in
      try records?.finish(step: state.step, save(to:), unless: isStopRequested)
    }
  }

  private func stopped(with checkpoint: String?) -> RunStopped {
    display.finish()
    return RunStopped(
      step: state.step, checkpoint: checkpoint, isFoundAgain: resume == .auto || checkpoint == start)
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

  /// Whether the images are classified after this step.
  private var isEvaluationDue: Bool {
    state.step == totalSteps || isDue(every: configuration.evaluate.every * stepsPerEpoch)
  }

  /// Whether the metrics hold the evaluation after this step.
  private func isEvaluated(_ records: RunRecords?) throws -> Bool {
    let isThere = records?.keptLines.contains { $0.isEvaluation && $0.step == state.step } ?? false
    return try communicator.broadcast([isThere ? 1 : 0]) == [1]
  }

  /// k-NN on the test images; nil on other ranks than 0, and on all if it was abandoned because of a request to
  /// stop.
  private func evaluate(_ records: RunRecords?) throws -> KNNReport? {
    struct Abandoned: Error {}
    if isRoot { display.update("evaluating after step \(state.step)") }
    // Training's buffers and evaluation's differ in size: together they would double the peak.
    BufferPool.shared.drain()
    defer { BufferPool.shared.drain() }
    let extractor = FeatureExtractor(
      backbone: model.backbone, imageSize: imageSize, shardSize: configuration.batch.shard, pool: pool,
      reducer: communicator)
    let features: [ExtractedFeatures]
    do {
      features = try [data.train, data.test].map { images in
        try extractor.features(of: images) {
          if try communicator.isStopRequested() { throw Abandoned() }
        }
      }
    } catch is Abandoned {
      return nil
    }
    let report = try communicator.onRoot { isStopRequested -> KNNReport? in
      do {
        return try KNNReport(
          train: features[0], test: features[1], classCount: data.train.classCount,
          usage: extractor.usage(of: features[1])
        ) { if try isStopRequested() { throw Abandoned() } }
      } catch is Abandoned {
        return nil
      }
    }
    guard let report = report.flatMap(\.self) else { return nil }
    display.message("step \(state.step)  \(report.line)")
    try records?.record(evaluation: report.json, step: state.step, epoch: state.epoch)
    return report
  }

  private func metrics(
    of result: TrainingStep.Result, _ spread: EmbeddingSpread?, rate: Double, _ speed: Throughput
  ) -> TrainingMetrics {
    TrainingMetrics(
      step: state.step, epoch: state.epoch, loss: result.total, objective: result.objective,
      budget: result.budget, bound: result.bound, macsShare: result.macsShare, density: result.densities,
      learningRate: rate, imagesPerSecond: speed.imagesPerSecond ?? 0,
      embeddingStd: spread?.standardDeviation, effectiveRank: spread?.effectiveRank)
  }
}
