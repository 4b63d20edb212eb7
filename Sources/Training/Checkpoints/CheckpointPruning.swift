import Collectives
import Foundations
import Logging
import Machine

/// Which checkpoints of a run stay, and which are removed.
public struct CheckpointPruning: Report, Sendable, Equatable {
  public let run: String
  /// The newest whole ones, oldest first. Runs need no others: what weights are taken back to is a file of its own
  /// (`RewindingPoint`).
  public let kept: [FoundCheckpoint]
  /// All others, oldest first, damaged ones included.
  public let removed: [FoundCheckpoint]
  /// Whether they have been removed.
  public private(set) var isDone = false

  /// Decides, and removes nothing. Reads checkpoints from the newest on until enough were found whole.
  ///
  /// - Parameter count: How many stay, at least 1.
  /// - Throws: `NoCheckpoints`.
  init(of folder: RunFolder, keeping count: Int) throws(NoCheckpoints) {
    precondition(count >= 1)
    run = folder.path
    let store = folder.checkpoints
    let (all, latest) = (store.list(), store.latestTarget)
    guard !all.isEmpty else { throw .none(run: folder.path) }
    var (kept, removed): ([FoundCheckpoint], [FoundCheckpoint]) = ([], [])
    for (step, path) in all.reversed() {
      let found = FoundCheckpoint(
        step: step, path: path, isLatest: path == latest, reading: kept.count < count)
      if kept.count < count, found.isWhole { kept.append(found) } else { removed.append(found) }
    }
    guard !kept.isEmpty else { throw .noneWhole(run: folder.path) }
    (self.kept, self.removed) = (kept.reversed(), removed.reversed())
  }

  /// Removes all checkpoints of a run but the newest whole ones; every rank calls it.
  ///
  /// - Parameters:
  ///   - count: How many stay, at least 1.
  ///   - isDryRun: Whether nothing is removed.
  ///   - log: Is told each before it is removed.
  /// - Returns: nil on other ranks than 0.
  /// - Throws: The same `AgreedFailure` on every rank, with `NoCheckpoints`, `FolderHeld` where a job writes to the folder,
  ///   or `UnwritableFile`.
  public static func run(
    in folder: RunFolder, keeping count: Int, isDryRun: Bool, on communicator: Communicator, log: Logger
  ) throws -> CheckpointPruning? {
    // Before the folder is made for a claim on it.
    try communicator.agree {
      guard communicator.rank == 0 else { return }
      if folder.checkpoints.list().isEmpty { throw NoCheckpoints.none(run: folder.path) }
      if isDryRun { try FolderClaim.requireFree(folder.path) }
    }
    let claim = isDryRun ? nil : try folder.claim(on: communicator, force: false, log: log)
    defer { claim?.release() }
    return try communicator.onRoot { _ in
      var pruning = try CheckpointPruning(of: folder, keeping: count)
      if !isDryRun { try pruning.carryOut(in: folder.checkpoints, log: log) }
      return pruning
    }
  }

  private mutating func carryOut(in store: CheckpointStore, log: Logger) throws(UnwritableFile) {
    if removed.contains(where: \.isLatest) { try store.pointLatest(to: kept[kept.count - 1].step) }
    for checkpoint in removed {
      log.info("removing \(checkpoint.path) (\(checkpoint.verdict))")
      try DurableFiles.remove(checkpoint.path)
    }
    isDone = true
  }

  public var text: String {
    let bytes = memoryText(Double(removed.reduce(0) { $0 + $1.bytes }))
    let steps = Set(removed.map(\.step))
    let table = CheckpointTable(
      (kept + removed).sorted { $0.step < $1.step },
      columns: [
        ("", { steps.contains($0.step) ? isDone ? "removed" : "would be removed" : "kept" }),
        ("state", \.verdict),
      ])
    return
      "\(table.text)\n\(counted(removed.count, "checkpoint")) of \(bytes) \(isDone ? "removed" : "would be removed")"
  }

  public var json: JSONValue {
    .object([
      "run": .text(run), "removed": .list(removed.map(\.json)), "kept": .list(kept.map(\.json)),
      "done": .flag(isDone),
    ])
  }
}
