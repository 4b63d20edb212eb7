import Collectives
import Configurations
import Foundation
import Foundations
import Logging
import Metrics
import Progress
import Training

/// Makes the runs of a study. Every rank does the same.
struct StudyRuns {
  let communicator: Communicator
  /// Rank 0 shows the progress of each run there.
  let display: ProgressDisplay
  let log: Logger
  /// Whether folders are taken from other jobs that seem to be alive.
  let isForced: Bool

  /// Logs a sentence once.
  func say(_ sentence: String) {
    if communicator.rank == 0 { log.info("\(sentence)") }
  }

  /// Whether there is a file, as rank 0 sees it.
  func isThere(_ path: String) throws -> Bool {
    try communicator.broadcast(value: communicator.rank == 0 && FileManager.default.fileExists(atPath: path))
  }

  /// Whether the run in a folder has finished as it would with this configuration.
  ///
  /// - Throws: The same `AgreedFailure` on every rank where other values decide what is there; `CollectiveError`.
  func hasFinished(_ folder: RunFolder, as file: ConfigurationFile) throws -> Bool {
    try communicator.broadcast(
      value: communicator.onRoot { _ in try folder.hasFinished(as: file) } ?? false)
  }

  /// Makes a run, or goes on with it: the one that `sluice pretrain` makes with the same values, bit for bit.
  ///
  /// - Parameter keeping: What it keeps for others to begin with; refuses a run before its first step by throwing.
  /// - Throws: `RunStopped`, `TrainingFailure` or `AgreedFailure` on every rank, or what failed on this rank alone.
  func make(
    _ file: ConfigurationFile, in folder: RunFolder, pruned: PrunedStart = PrunedStart(),
    keeping: (RunPreparation) throws -> KeptPoint? = { _ in nil }
  ) throws {
    let claim = try folder.claim(on: communicator, force: isForced, log: log)
    defer { claim?.release() }
    let prepared = try RunPreparation(
      file, folder: folder, resume: .auto, pruned: pruned, communicator: communicator, log: log)
    let run = PretrainingRun(
      prepared, claim: claim, display: display, keeping: try keeping(prepared))
    guard try run.run() != nil else { return }
    folder.writeReport(log)
  }

  /// Measures the newest checkpoint of a finished run, unless that was kept.
  ///
  /// - Parameters:
  ///   - path: Of the file that keeps the result.
  ///   - title: Of what is measured, for the log.
  /// - Throws: What `accuracy` throws; the same `AgreedFailure` on every rank where the file cannot be written.
  func measure(_ folder: RunFolder, by accuracy: any LinearAccuracy, keptIn path: String, title: String)
    throws
  {
    let run = try communicator.onRoot { _ in try FoundRun(folder) }
    let isKept = run.map { RecordedEvaluation(contentsOf: path)?.step == $0.checkpoints.last } ?? true
    guard try !communicator.broadcast(value: isKept) else { return }
    say(title)
    let result = try accuracy.evaluate(folder)
    try communicator.agree {
      guard let run, let result else { return }
      let evaluation: JSONValue = .object([
        "step": .integer(run.step), "epoch": .integer(run.epoch ?? 0), "evaluation": result,
      ])
      try DurableFiles.replace(path, by: Data((evaluation.line + "\n").utf8))
    }
  }
}
