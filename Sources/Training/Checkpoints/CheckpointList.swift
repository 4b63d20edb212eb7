import Foundations

/// Every checkpoint of a run, and whether it is whole.
public struct CheckpointList: Report, Sendable, Equatable {
  public let run: String
  /// Oldest first, damaged ones included.
  public let checkpoints: [FoundCheckpoint]
  /// Whether every byte was looked at, and not just which files there are and how long they are.
  public let isVerified: Bool

  /// - Parameters:
  ///   - folder: Of the run.
  ///   - progress: Is told the share that is done.
  /// - Throws: `NoCheckpoints`.
  public init(
    of folder: RunFolder, verifying: Bool, progress: (Double) -> Void = { _ in }
  ) throws(NoCheckpoints) {
    let store = folder.checkpoints
    let (all, latest) = (store.list(), store.latestTarget)
    guard !all.isEmpty else { throw .none(run: folder.path) }
    run = folder.path
    isVerified = verifying
    checkpoints = all.enumerated().map { number, checkpoint in
      FoundCheckpoint(
        step: checkpoint.step, path: checkpoint.path, isLatest: checkpoint.path == latest, reading: verifying
      ) { progress((Double(number) + $0) / Double(all.count)) }
    }
    progress(1)
  }

  public var areWhole: Bool { checkpoints.allSatisfy(\.isWhole) }

  public var text: String { CheckpointTable(checkpoints, columns: [("state", \.verdict)]).text }

  public var json: JSONValue {
    .object([
      "run": .text(run), "verified": .flag(isVerified), "checkpoints": .list(checkpoints.map(\.json)),
    ])
  }
}

/// Checkpoints in lines, for a person.
struct CheckpointTable {
  let text: String

  /// - Parameter columns: Behind those that say which checkpoint it is.
  init(
    _ checkpoints: [FoundCheckpoint],
    columns: [(title: String, cell: (FoundCheckpoint) -> String)]
  ) {
    text = TextTable(
      [.name("step"), .number("epoch"), .number("size"), .name("")] + columns.map { .name($0.title) },
      checkpoints.map { checkpoint in
        [
          grouped(checkpoint.step), checkpoint.epoch.map { grouped($0 + 1) } ?? "–",
          memoryText(Double(checkpoint.bytes)), checkpoint.isLatest ? CheckpointStore.latestName : "",
        ] + columns.map { $0.cell(checkpoint) }
      }
    ).lines.joined(separator: "\n")
  }
}

/// Why there are no checkpoints to look after.
public enum NoCheckpoints: Error, Equatable, CustomStringConvertible {
  case none(run: String)
  /// None that could stay.
  case noneWhole(run: String)

  public var description: String {
    switch self {
    case .none(let run): "\(run) holds no checkpoints/step-…: name the folder of a run that has saved one"
    case .noneWhole(let run):
      "none of the checkpoints of \(run) is whole, so that none could be kept: nothing is removed"
    }
  }
}
