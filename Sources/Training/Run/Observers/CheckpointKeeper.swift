import Collectives
import Tensors

/// Has checkpoints written as often as the configuration says while training goes on, and writes the one that the run ends
/// with.
final class CheckpointKeeper: RunObserver {
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
  }

  /// The newest checkpoint that this run wrote or was resumed from, on rank 0, which waits for one that is under way. Other
  /// ranks know that which it was resumed from.
  var last: String? {
    records?.awaitSaving()
    return records?.savedStep.map(prepared.folder.checkpoints.path) ?? prepared.start.resumed?.path
  }

  var examinesNetwork: Bool { true }

  func isDue(after step: TakenStep) -> Bool {
    step.isLast || step.isStopping || step.isDue(every: prepared.configuration.checkpoint.every)
  }

  func observe(_ step: inout TakenStep, in state: inout TrainingState) throws {
    if step.isLast || step.isStopping { return try saveLast(state) }
    let remembered = try remembered()
    guard let records else { return }
    progress?.beginCheckpoint()
    try records.beginSaving(step: state.step, files(of: state, remembered))
    progress?.end(.checkpoint)
  }

  /// Tells what became of a checkpoint that was under way, between two steps.
  ///
  /// - Throws: `FolderLost`.
  func lookAfterSaving() throws { try records?.lookAfterSaving() }

  /// Writes what the run ends with, if that was not written before and can be written at all.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  func saveLast(_ state: TrainingState) throws {
    let remembered = try remembered()
    _ = try prepared.communicator.onRoot { isStopRequested in
      progress?.beginCheckpoint()
      let isSaved = last == prepared.folder.checkpoints.path(ofStep: state.step)
      try records?.finish(
        step: state.step, isSaved ? nil : files(of: state, remembered), unless: isStopRequested)
      progress?.end(.checkpoint)
    }
  }

  private func remembered() throws -> [Safetensors.Entry] {
    try prepared.model.remembered(on: prepared.communicator)
  }

  private func files(
    of state: TrainingState, _ remembered: [Safetensors.Entry]
  ) -> [CheckpointStore.File] {
    prepared.model.checkpointFiles(prepared.trainer.optimizer, remembered, prepared.probe, state)
  }
}
