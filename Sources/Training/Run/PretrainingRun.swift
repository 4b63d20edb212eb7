import Collectives
import Configurations
import Datasets
import Diagnosis
import Evaluation
import Foundation
import Foundations
import Layers
import Logging
import Metrics
import Networks
import Objectives
import Progress
import Provenance
import Tensors

/// One pretraining run from its configuration to its last checkpoint; every rank runs the same.
public final class PretrainingRun {
  /// What a person wants to know at the end.
  public struct Summary: Sendable {
    public let steps: Int
    /// Weighted k-NN top-1 of the untrained network in percent.
    public let top1Before: Double?
    /// nil where nothing can be classified.
    public let after: KNNReport?
    /// Why nothing can be.
    public let classificationGap: ClassificationGap?
    /// Images of all ranks a second in training; nil if every step had been taken before.
    public let imagesPerSecond: Double?
    /// The part of that time in which steps waited for images, in [0, 1].
    public let dataWaitShare: Double?
    /// How many images could not be used, and what a person calls the first of them.
    public let imagesSkipped: Int
    public let skipped: [String]
    public let checkpoint: String
    /// What produced the last steps.
    public let session: Session
  }

  let configuration: Configuration
  let communicator: Communicator
  let data: DataParts
  let model: Model
  let pool: WorkerPool
  /// What the run is going to do.
  public let plan: TrainingPlan
  var stepsPerEpoch: Int { plan.stepsPerEpoch }
  var totalSteps: Int { plan.lastStep }
  private let folder: RunFolder
  private let resume: Resume
  /// The checkpoint that the run goes on from, nil: it begins.
  private let start: String?
  var state: TrainingState
  /// The newest checkpoint that this run wrote or went on from.
  private(set) var lastCheckpoint: String?
  /// What this rank skipped in training since ranks last told each other.
  var skippedHere: [SkippedImage] = []
  let log: Logger
  private let display: ProgressDisplay
  private let trainer: Trainer
  private let checkpointing: Checkpointing
  private let session: Session
  /// nil but on rank 0.
  var progress: RunProgress?
  var isRoot: Bool { communicator.rank == 0 }

  /// Opens the data, builds the model, restores what the run goes on from, and checks everything a person can
  /// get wrong but the right to write. Writes nothing.
  ///
  /// - Parameter display: Rank 0 shows its progress there.
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  public init(
    _ file: ConfigurationFile, folder: RunFolder, resume: Resume, communicator: Communicator,
    log: Logger, display: ProgressDisplay
  ) throws {
    self.folder = folder
    self.resume = resume
    self.communicator = communicator
    self.log = log
    self.display = display
    let (configuration, data) = try file.opened(on: communicator, indexFile: folder.dataIndex) {
      log.info("\($0)")
    }
    self.configuration = configuration
    self.data = data
    try communicator.agree {
      let conflict = configuration.conflict(
        imageCount: data.train.count, worldSize: communicator.worldSize)
      if let conflict = conflict ?? configuration.processorConflict { throw conflict }
      if communicator.rank == 0 { try folder.check(configuration, imageSize: data.train.imageSize) }
    }
    start = try resume.checkpoint(
      in: folder.checkpoints, folder: folder.path, communicator: communicator
    ) { log.warning("\($0)") }
    let placement = try communicator.placement()
    pool = .forKernels(threads: configuration.threads ?? placement.threads)
    model = configuration.makeModel()
    trainer = Trainer(
      configuration, model: model, pool: pool, reducer: communicator,
      gradients: configuration.makeGradientReducer(for: model, on: communicator))
    checkpointing = Checkpointing(communicator: communicator, model: model, optimizer: trainer.optimizer)
    state = TrainingState(
      step: 0, epoch: 0, imagesSeen: 0, seed: configuration.seed,
      configuration: configuration.decisiveYAML)
    lastCheckpoint = start
    if let start {
      state = try checkpointing.restore(from: start)
    }
    let environments = try Environment.gather(communicator, threads: pool.threads)
    session = Session(
      environments, fromStep: state.step, dataSource: configuration.data.source, dataDigest: data.digest,
      kernels: configuration.resNet.kernels.summary,
      shards: (configuration.batch.micro ?? configuration.batch.global) / configuration.batch.shard)
    plan = try TrainingPlan(
      configuration, data: data, model: model, ranks: communicator.worldSize, threads: pool.threads,
      firstStep: state.step)
    if let start { try check(state, from: start) }
    state.dataDigest = data.digest
    if isRoot {
      for note in data.notes { log.info("\(note)") }
      for finding in Finding.wrong(environments) { log.warning("\(finding.problem): \(finding.advice)") }
      for warning in data.warnings + placement.warnings { log.warning("\(warning)") }
      if let warning = configuration.kernelWarning() { log.warning("\(warning)") }
    }
  }

  /// Makes the folder this run's, trains to the last step, evaluates, and writes the last checkpoint.
  ///
  /// - Returns: The summary on rank 0, nil on others.
  /// - Throws: `RunStopped`, `RunError.nonFinite` or `AgreedFailure` on every rank, or what failed on this rank
  ///   alone.
  public func run() throws -> Summary? {
    defer { display.finish() }
    let records = try openRecords()
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
    guard isRoot else { return nil }
    return Summary(
      steps: state.step, top1Before: state.top1BeforeTraining, after: report, classificationGap: plan.classificationGap,
      imagesPerSecond: speed.imagesPerSecond, dataWaitShare: speed.waitedShare,
      imagesSkipped: state.skipped.count,
      skipped: state.skipped.names(in: data, atMost: Summary.largestNameCount),
      checkpoint: folder.latestCheckpoint, session: session)
  }

  /// Makes the folder this run's, and says what will be done.
  ///
  /// - Returns: nil but on rank 0.
  /// - Throws: The same `AgreedFailure` on every rank.
  private func openRecords() throws -> RunRecords? {
    let records = try communicator.agree { () throws -> RunRecords? in
      guard isRoot else { return nil }
      let environment = try folder.environmentData(
        of: session, from: start, warn: { log.warning("\($0)") }, inform: { log.info("\($0)") })
      try folder.claim(for: configuration, environment: environment)
      keepDataIndex()
      return try RunRecords(
        folder, of: configuration, environment: environment, resumedStep: start == nil ? nil : state.step
      ) { [log] in log.warning("\($0)") }
    }
    guard isRoot else { return nil }
    progress = RunProgress(
      configuration, display: display, step: state.step, totalSteps: totalSteps,
      stepsPerEpoch: stepsPerEpoch, images: data.imageCount, isNew: start == nil)
    for line in plan.text.split(separator: "\n") { log.info("\(line)") }
    if let start { log.info("going on from \(start), step \(state.step) of \(totalSteps)") }
    return records
  }

  /// Spares the next start the scan of the data; without it that start only takes longer.
  private func keepDataIndex() {
    guard let index = data.index else { return }
    do {
      try DurableFiles.replace(folder.dataIndex, by: index)
    } catch {
      log.warning("\(error); the data will be scanned again at the next start")
    }
  }

  // MARK: Steps

  private func train(_ records: RunRecords?) throws -> (last: KNNReport?, speed: Throughput) {
    var total = Throughput()
    var report: KNNReport?
    var recent = Throughput()
    var watch = CollapseWatch(
      advice: configuration.objective.chosen.collapseAdvice,
      warmupSteps: max(200, configuration.schedule.warmupEpochs * stepsPerEpoch),
      history: records?.keptLines ?? [])
    let loader = try configuration.makeLoader(
      for: data.train, startStep: state.step, threads: pool.threads, communicator: communicator)
    defer { loader.stop() }

    let hold = isRoot ? StepHold() : nil
    while state.step < totalSteps {
      hold?.wait(before: state.step + 1)
      let begin = ContinuousClock.now
      let batch = try next(of: loader)
      let waited = (ContinuousClock.now - begin) / .seconds(1)
      let isLast = batch.step + 1 == totalSteps
      let isLogged = isLast || (batch.step + 1) % configuration.logEvery == 0
      let outcome: Trainer.Outcome
      do {
        outcome = try trainer.take(batch, stepsPerEpoch: stepsPerEpoch)
      } catch LayerError.nonFinite(let layer) {
        throw RunError.nonFinite(step: batch.step + 1, layer: layer, lastCheckpoint: lastCheckpoint)
      }
      let spread =
        isLogged
        ? try EmbeddingSpread(outcome.result.projections, batch.layout, over: communicator) : nil
      state.step = batch.step + 1
      state.epoch = batch.epoch
      state.imagesSeen += configuration.batch.global
      skippedHere += batch.skipped
      let seconds = (ContinuousClock.now - begin) / .seconds(1)
      recent.add(images: configuration.batch.global, seconds: seconds, waited: waited)
      total.add(images: configuration.batch.global, seconds: seconds, waited: waited)
      if isLogged { try shareSkipped() }

      if isRoot {
        let metrics = self.metrics(
          of: outcome.result, spread, rate: outcome.learningRate, recent)
        progress?.stepped(metrics, seconds: seconds, isLogged: isLogged)
        if isLogged {
          try records?.record(metrics)
          for warning in watch.observe(metrics) { log.warning("\(warning)") }
          recent = Throughput()
        }
      }
      var isStopping = try communicator.isStopRequested()
      let isCheckpointDue = isLast || isStopping || isDue(every: configuration.checkpoint.every)
      // An update can leave what only the next forward pass would trip over; a checkpoint has to be good.
      if isCheckpointDue || isEvaluationDue, let tensor = model.firstNonFinite {
        throw RunError.nonFinite(step: state.step, layer: tensor, lastCheckpoint: lastCheckpoint)
      }
      if isCheckpointDue { try shareSkipped() }
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

  /// The next batch, on every rank or on none: a rank that has none must not leave the others waiting.
  ///
  /// - Throws: `RunError.badData` on every rank if any could not read its images.
  private func next(of loader: ViewLoader) throws -> ViewBatch {
    do {
      return try communicator.agree { try loader.next() }
    } catch let failure as AgreedFailure {
      throw badData(failure, during: "step \(state.step + 1)")
    }
  }

  /// Writes a checkpoint; rank 0 only.
  private func save(to store: CheckpointStore) throws {
    progress?.beginCheckpoint()
    try checkpointing.save(state, to: store)
    progress?.end(.checkpoint)
  }

  /// Writes what the run ends with, if it can be written at all.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  private func saveLast(_ records: RunRecords?) throws {
    _ = try communicator.onRoot { isStopRequested in
      try records?.finish(step: state.step, save(to:), unless: isStopRequested)
    }
  }

  private func stopped(with checkpoint: String?) -> RunStopped {
    RunStopped(
      step: state.step, checkpoint: checkpoint, isFoundAgain: resume == .auto || checkpoint == start)
  }

  /// Whether something that is done every so many steps, 0: never, follows this one.
  func isDue(every steps: Int) -> Bool { steps > 0 && state.step % steps == 0 }

  /// A checkpoint from elsewhere must be one that this run could have written.
  private func check(_ state: TrainingState, from path: String) throws {
    try communicator.agree {
      try configuration.requireSameResult(
        as: state.readConfiguration(from: path, imageSize: data.train.imageSize), in: path)
      try state.requireSameData(as: data.digest, in: path)
    }
  }

  var imageSize: Int { plan.imageSize }
}
