import Collectives

/// Writes checkpoints as often as the configuration says, and the one that the run ends with.
final class CheckpointKeeper: RunObserver {
  /// The newest checkpoint that this run wrote or was resumed from.
  private(set) var last: String?
  private let prepared: RunPreparation
  private let records: RunRecords?
  private let progress: RunProgress?

  /// - Parameters:
  ///   - records: nil but on rank 0.
  ///   - progress: nil but on rank 0.
  init(_ prepared: RunPreparation, records: RunRecords?, progress: RunProgress?) {
    self.prepared = prepared
    self.records = records
    self.progress = progress
    last = prepared.start.resumed?.path
  }

  var examinesNetwork: Bool { true }

  func isDue(after step: TakenStep) -> Bool {
    step.isLast || step.isStopping || step.isDue(every: prepared.configuration.checkpoint.every)
  }

  func observe(_ step: inout TakenStep, in state: inout TrainingState) throws {
    if step.isLast || step.isStopping { return try saveLast(state) }
    let files = try files(of: state)
    guard let records else {
      last = path(of: state)
      return
    }
    progress?.beginCheckpoint()
    guard try records.save(step: state.step, files) else { return }
    progress?.end(.checkpoint)
    last = path(of: state)
  }

  /// Writes what the run ends with, if that was not written before and can be written at all.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  func saveLast(_ state: TrainingState) throws {
    let files = try files(of: state)
    _ = try prepared.communicator.onRoot { isStopRequested in
      progress?.beginCheckpoint()
      try records?.finish(
        step: state.step, files, isSaved: last == path(of: state), unless: isStopRequested)
      progress?.end(.checkpoint)
    }
    last = path(of: state)
  }

  private func path(of state: TrainingState) -> String {
    prepared.folder.checkpoints.path(ofStep: state.step)
  }

  /// Every rank calls it.
  private func files(of state: TrainingState) throws -> [CheckpointStore.File] {
    let remembered = try prepared.model.remembered(on: prepared.communicator)
    return prepared.model.checkpointFiles(prepared.trainer.optimizer, remembered, prepared.probe, state)
  }
}
