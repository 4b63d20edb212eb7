import Foundations
import Machine

/// Saves a run's checkpoints on a thread of its own, while training goes on.
struct CheckpointWriter: Sendable {
  let store: CheckpointStore
  /// Newest checkpoints that are not removed.
  let keep: Int
  /// Files that belong to a checkpoint: they reach the disk before it does.
  let logs: [String]

  /// What became of a checkpoint.
  struct Outcome: Sendable {
    let step: Int
    /// Why it could not be saved; nil: it is.
    var fault: UnwritableFile?
    /// Why `latest` does not lead to it, although it is saved.
    var linkFault: UnwritableFile?
    /// Why an older one could not be removed.
    var removalFault: UnwritableFile?
  }

  /// Begins to save a checkpoint; no other one may be under way.
  func begin(step: Int, _ files: [CheckpointStore.File]) -> BackgroundResult<Outcome> {
    BackgroundResult(thread: "sluice-save") { [self] in
      for log in logs { DurableFiles.flush(log) }
      return save(step: step, files)
    }
  }

  /// Makes `latest` lead to a checkpoint that was saved before, where it was lost or leads elsewhere.
  func leadLatest(to step: Int) -> Outcome {
    var outcome = Outcome(step: step)
    do throws(UnwritableFile) {
      if store.latestTarget != store.path(ofStep: step) { try store.pointLatest(to: step) }
    } catch {
      outcome.linkFault = error
    }
    return outcome
  }

  /// Saves a checkpoint and then removes what is older than `keep`.
  func save(step: Int, _ files: [CheckpointStore.File]) -> Outcome {
    var outcome = Outcome(step: step)
    do throws(UnwritableFile) {
      outcome.linkFault = try store.save(step: step, files: files)
    } catch {
      outcome.fault = error
      return outcome
    }
    do throws(UnwritableFile) {
      try store.removeOld(upTo: step, keep: keep)
    } catch {
      outcome.removalFault = error
    }
    return outcome
  }
}
