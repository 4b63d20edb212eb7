import Collectives
import Datasets
import Evaluation
import Foundation
import Foundations
import Layers
import Machine
import Metrics
import Networks
import Objectives
import Progress

/// One pretraining run: takes the steps that were planned, and has its observers look after each. Every rank runs the
/// same; a process may run many, one after the other.
public final class PretrainingRun {
  private let prepared: RunPreparation
  private let claim: FolderClaim?
  private let display: ProgressDisplay
  private let rewindingPoint: RewindingPointKeeper?
  private var state: TrainingState
  /// Of the whole run, and since the last line of metrics.
  private var speed = (total: Throughput(), recent: Throughput())
  /// What the steps of earlier sessions took; nil on other ranks than 0, and where they did not record it.
  private var earlierSeconds: Double?

  /// - Parameters:
  ///   - claim: Rank 0's on the run's folder, which was taken before the run was prepared: what is found there does
  ///     not change any more.
  ///   - display: Rank 0 shows its progress there.
  ///   - keeping: What is kept in the run's folder for later runs to begin with; nil: nothing.
  public init(
    _ prepared: RunPreparation, claim: FolderClaim?, display: ProgressDisplay, keeping: KeptPoint? = nil
  ) {
    self.prepared = prepared
    self.claim = claim
    self.display = display
    rewindingPoint = keeping.map { RewindingPointKeeper($0, prepared) }
    state = prepared.state
  }

  /// Makes the folder this run's, trains to the last step, evaluates, and writes the last checkpoint.
  ///
  /// - Returns: The summary on rank 0, nil on others.
  /// - Throws: `RunStopped`, `TrainingFailure` or `AgreedFailure` on every rank, or what failed on this rank alone.
  public func run() throws -> RunSummary? {
    defer { display.finish() }
    try prepared.requireMemory()
    let records = try openRecords()
    defer { records?.awaitSaving() }
    let watchdog = try prepared.communicator.watch(recordingIn: prepared.folder.ranks)
    defer { watchdog?.stop() }
    earlierSeconds = records.flatMap { start == nil ? 0 : $0.earlierSeconds(before: state.step) }
    let progress = records.map { _ in makeProgress() }
    sayWhatComes()
    let checkpoints = CheckpointKeeper(prepared, records: records, progress: progress)
    let skipped = SkippedImagesLog(prepared)
    let hold = prepared.isRoot ? RunHold() : nil
    let evaluation = RunEvaluation(
      prepared, records: records, progress: progress, skipped: skipped, checkpoints: checkpoints, hold: hold)

    try rewindingPoint?.keep(after: state.step)
    let isEvaluated = try evaluateBeforeTraining(evaluation)
    if try prepared.communicator.isStopRequested() { throw stopped(with: start) }
    if state.step < plan.lastStep {
      // In the order in which they look at a step.
      var observers: [any RunObserver] = [skipped]
      if let progress { observers.append(progress) }
      if let records {
        observers.append(MetricsLog(records))
        if let alarm = collapseAlarm(records) { observers.append(alarm) }
      }
      if prepared.communicator.worldSize > 1 { observers.append(StragglerAlarm(prepared, records: records)) }
      if let probe = prepared.probe { observers.append(ProbeTraining(probe, prepared)) }
      observers.append(
        FiniteCheck(
          prepared.model, end: NonFiniteEnd(prepared: prepared, records: records), checkpoints: checkpoints))
      observers.append(NetworkComparison(prepared, records: records, checkpoints: checkpoints))
      if let rewindingPoint { observers.append(rewindingPoint) }
      observers += [evaluation, checkpoints]
      try train(observers, checkpoints, records, hold)
    } else {
      if !isEvaluated { try evaluation.evaluate(&state, isRecorded: false) }
      try finishWithoutTraining(checkpoints)
    }
    return prepared.isRoot ? summary(evaluation.report) : nil
  }

  // MARK: Steps

  private func train(
    _ observers: [any RunObserver], _ checkpoints: CheckpointKeeper, _ records: RunRecords?,
    _ hold: RunHold?
  ) throws {
    let loader = try prepared.configuration.makeLoader(
      for: prepared.data.train, startStep: state.step, threads: prepared.pool.threads,
      communicator: prepared.communicator)
    defer { loader.stop() }
    while state.step < plan.lastStep {
      prepared.communicator.place.step = state.step + 1
      hold?.wait(beforeStep: state.step + 1)
      let begin = StepBegin(waited: prepared.communicator.place.waitedSeconds)
      guard let batch = try nextBatch(of: loader, checkpoints) else {
        try checkpoints.saveLast(state)
        throw stopped(with: checkpoints.last)
      }
      var step = try takeStep(batch, begin, checkpoints, records)
      step.isExamined = observers.contains { $0.examinesNetwork && $0.isDue(after: step) }
      for observer in observers where observer.isDue(after: step) {
        try observer.observe(&step, in: &state)
      }
      try checkpoints.lookAfterSaving()
      if step.isLogged { speed.recent = Throughput() }
      if step.isStopping { throw stopped(with: checkpoints.last) }
    }
  }

  private func takeStep(
    _ batch: ViewBatch, _ begin: StepBegin, _ checkpoints: CheckpointKeeper, _ records: RunRecords?
  ) throws -> TakenStep {
    let place = prepared.communicator.place
    let waited = (ContinuousClock.now - begin.time) / .seconds(1)
    let dataWait = max(0, waited - (place.waitedSeconds - begin.waited))
    if state.step == plan.firstStep, let records { try show(batch, in: records) }
    let number = batch.step + 1
    let isLast = number == plan.lastStep
    let isLogged = isLast || number % prepared.configuration.logEvery == 0
    let outcome: Trainer.Outcome
    var audit: TakenStep.Audit?
    do {
      outcome = try prepared.trainer.take(
        batch, stepsPerEpoch: plan.stepsPerEpoch,
        audit: prepared.configuration.isAudited(step: number)
          ? { audit = try self.audit($0, step: number, checkpoints) } : nil)
    } catch LayerError.nonFinite(let layer, let shards) {
      throw try NonFiniteEnd(prepared: prepared, records: records).failure(
        step: number, layer: layer, shards: shards, images: batch.shownIndices,
        isRepeated: audit.map { $0.mismatch == nil } ?? false, lastCheckpoint: checkpoints.last)
    }
    let spread =
      isLogged
      ? try EmbeddingSpread(outcome.result.projections, batch.layout, over: prepared.communicator) : nil
    let images = prepared.configuration.batch.global
    state.step = number
    state.epoch = batch.epoch
    state.imagesSeen += images
    let seconds = (ContinuousClock.now - begin.time) / .seconds(1)
    let gradientWait = outcome.result.gradientWaits.exposedSeconds
    speed.recent.add(images: images, seconds: seconds, dataWait: waited, gradientWait: gradientWait)
    speed.total.add(images: images, seconds: seconds, dataWait: waited, gradientWait: gradientWait)
    return TakenStep(
      number: number, isLast: isLast, isLogged: isLogged, outcome: outcome, spread: spread,
      layout: batch.layout, images: batch.shownIndices, labels: { batch.labels }, skipped: batch.skipped,
      seconds: seconds,
      waits: (place.waitedSeconds - begin.waited, dataWait), speed: speed.recent,
      totalSeconds: earlierSeconds.map { $0 + speed.total.seconds }, timestamp: currentTimestamp(),
      audit: audit)
  }

  /// Has other ranks repeat what this one brought to a step.
  ///
  /// - Throws: `TrainingFailure` on every rank where they get something else, unless that is only to be told.
  private func audit(
    _ trace: StepTrace, step: Int, _ checkpoints: CheckpointKeeper
  ) throws -> TakenStep.Audit {
    let begin = ContinuousClock.now
    let audit = StepAudit(
      configuration: prepared.configuration, dataset: prepared.data.train, trainer: prepared.trainer,
      threads: prepared.pool.threads, communicator: prepared.communicator)
    let mismatch: StepAudit.Mismatch?
    do {
      mismatch = try audit.mismatch(trace, step: step)
    } catch let failure as AgreedFailure {
      throw TrainingFailure.badData(
        failure, during: "the audit of step \(step)", prepared.configuration, checkpoints.last)
    }
    if let mismatch {
      let failure = TrainingFailure.auditFailed(
        step: step, problem: "\(mismatch)", lastCheckpoint: checkpoints.last)
      guard prepared.configuration.audit.onMismatch == .warn else { throw failure }
      if prepared.isRoot { prepared.log.warning("step \(step): \(mismatch)") }
    }
    return TakenStep.Audit(mismatch: mismatch, seconds: (ContinuousClock.now - begin) / .seconds(1))
  }

  private struct StepBegin {
    let time = ContinuousClock.now
    /// What this rank had spent in collectives until then, in seconds.
    let waited: Double
  }

  /// Shows in the logs what the session's first images look like to the network.
  private func show(_ batch: ViewBatch, in records: RunRecords) throws {
    let sheet = ViewSheet(of: batch, normalization: prepared.data.train.normalization)
    try records.record(sheet.image, as: "views", step: batch.step + 1)
  }

  /// The next batch, on every rank or on none: a rank that has none must not leave the others waiting.
  ///
  /// - Returns: nil on every rank if any has been asked to stop.
  /// - Throws: `TrainingFailure.badData` on every rank if any could not read its images.
  private func nextBatch(of loader: ViewLoader, _ checkpoints: CheckpointKeeper) throws -> ViewBatch? {
    do {
      return try prepared.communicator.agreeUnlessStopped { try loader.next() }
    } catch let failure as AgreedFailure {
      throw TrainingFailure.badData(
        failure, during: "step \(state.step + 1)", prepared.configuration, checkpoints.last)
    }
  }

  // MARK: Before and after

  /// Measures the untrained network, or makes up for an evaluation that a stop came in the way of.
  ///
  /// - Returns: Whether either was to be done; the same on every rank.
  private func evaluateBeforeTraining(_ evaluation: RunEvaluation) throws -> Bool {
    if start == nil {
      try evaluation.evaluate(&state)
      state.top1BeforeTraining = evaluation.report?.weighted.top1
      return true
    }
    guard try evaluation.isOwed(after: state.step) else { return false }
    try evaluation.evaluate(&state)
    return true
  }

  /// There is nothing to train: max_steps is 0 or was reached before, perhaps in another folder.
  private func finishWithoutTraining(_ checkpoints: CheckpointKeeper) throws {
    try checkpoints.saveLast(state)
    if try prepared.communicator.isStopRequested() { throw stopped(with: checkpoints.last) }
  }

  private func stopped(with checkpoint: String?) -> RunStopped {
    RunStopped(
      step: state.step, checkpoint: checkpoint,
      isFoundAgain: prepared.resume == .auto || checkpoint == start)
  }

  private func summary(_ report: KNNReport?) -> RunSummary {
    RunSummary(
      steps: state.step, top1Before: state.top1BeforeTraining, after: report,
      classificationGap: plan.classificationGap,
      imagesPerSecond: speed.total.imagesPerSecond, dataWaitShare: speed.total.dataWaitShare,
      imagesSkipped: state.skipped.count,
      skipped: state.skipped.names(in: prepared.data, atMost: RunSummary.largestNameCount),
      checkpoint: prepared.folder.latestCheckpoint, session: prepared.session)
  }

  // MARK: What rank 0 writes and shows

  private var plan: TrainingPlan { prepared.plan }
  /// The checkpoint that the run was resumed from; nil: it begins.
  private var start: String? { prepared.start.resumed?.path }

  /// Makes the folder this run's.
  ///
  /// - Returns: nil but on rank 0.
  /// - Throws: The same `AgreedFailure` on every rank.
  private func openRecords() throws -> RunRecords? {
    let (folder, log) = (prepared.folder, prepared.log)
    return try prepared.communicator.agree { () throws -> RunRecords? in
      guard prepared.isRoot else { return nil }
      let environment = try folder.environmentData(
        of: prepared.session, from: start, warn: { log.warning("\($0)") }, inform: { log.info("\($0)") })
      try folder.prepare(for: prepared.configuration, environment: environment)
      keepDataIndex()
      LaunchedJob.current?.note(.run, URL(fileURLWithPath: folder.path).path)
      return try RunRecords(
        folder, claim: claim, of: prepared.configuration, environment: environment,
        gates: prepared.model.backbone.blueprint.gateLabels, resumedStep: start == nil ? nil : state.step
      ) { log.warning("\($0)") }
    }
  }

  /// Spares the next start the scan of the data; without it that start only takes longer.
  private func keepDataIndex() {
    guard let index = prepared.data.index else { return }
    do {
      try DurableFiles.replace(prepared.folder.dataIndex, by: index)
    } catch {
      prepared.log.warning("\(error); the data will be scanned again at the next start")
    }
  }

  private func makeProgress() -> RunProgress {
    RunProgress(
      prepared.configuration, display: display, step: state.step, totalSteps: plan.lastStep,
      stepsPerEpoch: plan.stepsPerEpoch, images: prepared.data.imageCount, isNew: start == nil)
  }

  /// nil for an objective whose projections may become alike.
  private func collapseAlarm(_ records: RunRecords) -> CollapseAlarm? {
    let configuration = prepared.configuration
    guard let advice = configuration.objective.chosen.collapseAdvice else { return nil }
    let watch = CollapseWatch(
      advice: advice,
      warmupSteps: max(200, configuration.schedule.warmupEpochs * plan.stepsPerEpoch),
      history: records.keptLines)
    return CollapseAlarm(watch, log: prepared.log)
  }

  private func sayWhatComes() {
    guard prepared.isRoot else { return }
    for line in plan.text.split(separator: "\n") { prepared.log.info("\(line)") }
    switch prepared.start {
    case .fresh:
      if let draw = prepared.session.initialDraw {
        prepared.log.info("starting with new initial weights, draw \(draw) of the seed")
      }
    case .resumed(let checkpoint):
      prepared.log.info("resuming from \(checkpoint.path), step \(state.step) of \(plan.lastStep)")
    case .weights: if let weights = prepared.session.initialWeights { prepared.log.info("\(weights.line)") }
    }
    if let mask = prepared.model.mask { prepared.log.info("\(mask.line)") }
  }
}
