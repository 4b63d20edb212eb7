import Collectives

/// Where a run begins.
public enum Resume: Equatable, Sendable {
  /// From the run folder's newest whole checkpoint; from the start where there is none.
  case auto
  /// From the start, in a folder without checkpoints.
  case never
  /// From this checkpoint, a `step-…` folder or `latest`.
  case checkpoint(String)

  /// The checkpoint to start from, which all ranks agree on; nil: from the start.
  ///
  /// - Parameter warn: Told about each damaged checkpoint that was passed over.
  func checkpoint(
    in store: CheckpointStore, folder: String, communicator: Communicator, warn: (String) -> Void
  ) throws -> String? {
    let found = try communicator.agree { () throws -> (path: String?, problems: [String]) in
      guard communicator.rank == 0 else { return (nil, []) }
      switch self {
      case .checkpoint(let path):
        return (path, [])
      case .never:
        guard store.list().isEmpty else { throw RunError.alreadyStarted(folder: folder) }
        return (nil, [])
      case .auto:
        let (path, problems) = store.newestValid()
        if path == nil, !problems.isEmpty {
          throw RunError.noWholeCheckpoint(folder: folder, problems: problems)
        }
        return (path, problems)
      }
    }
    for problem in found.problems { warn("checkpoint passed over: \(problem)") }
    return try communicator.broadcast(value: found.path)
  }
}
