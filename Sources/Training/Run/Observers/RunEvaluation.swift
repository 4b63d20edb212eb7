import Collectives
import Evaluation
import Metrics
import Tensors

/// k-NN on the network's features, as often as the configuration says.
final class RunEvaluation: RunObserver {
  /// What came of the newest one; nil on other ranks than 0, and where it was abandoned or nothing can be classified.
  private(set) var report: KNNReport?
  private let prepared: RunPreparation
  private let records: RunRecords?
  private let progress: RunProgress?
  private let skipped: SkippedImagesLog
  private let checkpoints: CheckpointKeeper
  private let hold: RunHold?

  /// - Parameters:
  ///   - records: nil but on rank 0.
  ///   - progress: nil but on rank 0.
  ///   - hold: nil but on rank 0, and there but for tests.
  init(
    _ prepared: RunPreparation, records: RunRecords?, progress: RunProgress?, skipped: SkippedImagesLog,
    checkpoints: CheckpointKeeper, hold: RunHold?
  ) {
    self.prepared = prepared
    self.records = records
    self.progress = progress
    self.skipped = skipped
    self.checkpoints = checkpoints
    self.hold = hold
  }

  var examinesNetwork: Bool { true }

  func isDue(after step: TakenStep) -> Bool {
    isDue(after: step.number)
  }

  func observe(_ step: inout TakenStep, in state: inout TrainingState) throws {
    try evaluate(&state)
    // It was abandoned if this is so, and is made up for when the run is resumed.
    step.isStopping = try prepared.communicator.isStopRequested()
  }

  /// Whether the run was resumed at a step whose evaluation a stop came in the way of.
  ///
  /// - Throws: `CollectiveError`.
  func isOwed(after step: Int) throws -> Bool {
    guard isDue(after: step) else { return false }
    let isThere = records?.keptLines.contains { $0.isEvaluation && $0.step == step } ?? false
    return try !prepared.communicator.broadcast(value: isThere)
  }

  private func isDue(after step: Int) -> Bool {
    guard prepared.plan.classificationGap == nil else { return false }
    let interval = prepared.configuration.evaluate.every * prepared.plan.stepsPerEpoch
    return step == prepared.plan.lastStep || (interval > 0 && step % interval == 0)
  }

  /// Evaluates where images can be classified, unless it is abandoned because of a request to stop.
  ///
  /// - Parameter isRecorded: Whether the result is written to the run's metrics.
  /// - Throws: `TrainingFailure.badData` on every rank, `CollectiveError`.
  func evaluate(_ state: inout TrainingState, isRecorded: Bool = true) throws {
    let findings = try measured(&state)
    report = findings?.neighbours
    guard let findings else { return }
    progress?.end(.evaluation)
    prepared.log.info("step \(state.step)  \(findings.line)")
    guard isRecorded else { return }
    try records?.record(.evaluation(findings.metrics(in: state, gates: prepared.model.backbone.blueprint)))
    try records?.record(details: findings.details(of: prepared.data, step: state.step))
  }

  private struct Abandoned: Error {}

  private func measured(_ state: inout TrainingState) throws -> EvaluationFindings? {
    let (data, communicator) = (prepared.data, prepared.communicator)
    guard let parts = try? data.classifiable() else { return nil }
    progress?.beginEvaluation()
    hold?.wait(inEvaluationAfter: state.step)
    // Training's buffers and evaluation's differ in size: together they would double the peak.
    BufferPool.drainAll()
    defer { BufferPool.drainAll() }
    let configuration = prepared.configuration
    let extractor = configuration.makeExtractor(
      for: prepared.model.backbone, onError: configuration.data.onError, pool: prepared.pool,
      communicator: communicator)
    do {
      let (train, test) = try extractor.extractions(of: parts, keepsMasks: true) { share in
        progress?.evaluated(share)
        if try communicator.isStopRequested() { throw Abandoned() }
      }
      skipped.note(try communicator.gather(train.skipped).unique, of: parts.neighborPart, in: &state)
      skipped.note(try communicator.gather(test.skipped).unique, of: .test, in: &state)
      let neighbours = try KNNReport.make(
        train: train, test: test, parts, of: data, usage: extractor.usage(of: test), on: communicator,
        pool: prepared.pool
      ) { if try communicator.isStopRequested() { throw Abandoned() } }
      let gates = try GateStatistics.make(
        test, of: parts.test, prepared.model.backbone.blueprint, on: communicator)
      let probe = try prepared.probe.flatMap {
        try ClassifierReport.make($0, on: test, pool: prepared.pool, communicator: communicator)
      }
      let classifier =
        configuration.objective.chosen.needsLabels
        ? try ClassifierReport.make(
          prepared.model.objective.heads[0], on: test, shardSize: configuration.batch.shard,
          pool: prepared.pool, communicator: communicator) : nil
      return neighbours.map {
        EvaluationFindings(
          neighbours: $0, gates: gates, probe: probe, classifier: classifier, testImages: parts.test)
      }
    } catch is Abandoned {
      return nil
    } catch let failure as AgreedFailure {
      throw TrainingFailure.badData(
        failure, during: "evaluation after step \(state.step)", configuration, checkpoints.last)
    }
  }
}
