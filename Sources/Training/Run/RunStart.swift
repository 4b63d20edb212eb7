import Collectives

/// Where a person wants a run to begin.
public enum Resume: Equatable, Sendable {
  /// At the run folder's newest whole checkpoint; fresh where there is none.
  case auto
  /// Fresh, in a folder without checkpoints.
  case never
  /// At this checkpoint, a `step-…` folder or `latest`.
  case checkpoint(String)
  /// At step 0 with the weights of this checkpoint, heads included, in a folder without checkpoints.
  case weights(String)

  /// The start that all ranks agree on.
  ///
  /// - Parameters:
  ///   - given: Weights for a run that begins; nil: those of the seed.
  ///   - warn: Told about each damaged checkpoint that was passed over.
  /// - Throws: The same `AgreedFailure` on every rank.
  func start(
    in folder: RunFolder, given: GivenWeights?, on communicator: Communicator, warn: (String) -> Void
  ) throws -> RunStart {
    let store = folder.checkpoints
    let found = try communicator.agree { () throws -> (path: String?, problems: [String]) in
      guard communicator.rank == 0 else { return (nil, []) }
      switch self {
      case .checkpoint(let path):
        return (path, [])
      case .never, .weights:
        guard store.list().isEmpty else { throw RunError.alreadyStarted(folder: folder.path) }
        return (nil, [])
      case .auto:
        let (path, problems) = store.newestValid()
        if path == nil, !problems.isEmpty {
          throw RunError.noWholeCheckpoint(folder: folder.path, problems: problems)
        }
        return (path, problems)
      }
    }
    for problem in found.problems { warn("skipping a checkpoint: \(problem)") }
    if case .weights(let path) = self {
      return .weights(.model(try Checkpoint.open(path, on: communicator, warn: warn)))
    }
    guard let path = try communicator.broadcast(value: found.path) else {
      return given.map { .weights($0) } ?? .fresh
    }
    return .resumed(try Checkpoint.open(path, on: communicator, warn: warn))
  }
}

/// What a run begins with.
enum RunStart {
  /// Initial weights, drawn from the seed.
  case fresh
  /// Everything as it was after a step of this run, or of one with the same result.
  case resumed(Checkpoint)
  /// Weights from elsewhere, with an optimizer that remembers nothing.
  case weights(GivenWeights)

  /// nil: the run begins.
  var resumed: Checkpoint? {
    if case .resumed(let checkpoint) = self { checkpoint } else { nil }
  }
}
