import Diagnosis
import Foundation
import Foundations
import Provenance
import Tensors

extension RunFolder {
  /// What produced the run: every session's versions, machine and ranks.
  public var environment: String { "\(path)/environment.json" }

  /// The folder of the run that wrote a checkpoint.
  init(holding checkpoint: String) {
    // …/checkpoints/step-… or …/checkpoints/latest
    self.init(
      URL(fileURLWithPath: checkpoint).deletingLastPathComponent().deletingLastPathComponent().path)
  }

  /// The contents of `environment.json` with a session added, after those of the run that it goes on from.
  ///
  /// - Parameters:
  ///   - start: The checkpoint that the session goes on from; nil: it begins the run.
  ///   - warn: Told what can give other bits than a run without the change, and what could not be read.
  ///   - inform: Told what else changed.
  func environmentData(
    of session: Session, from start: String?, warn: (String) -> Void, inform: (String) -> Void
  ) throws -> Data {
    var history = SessionHistory()
    if let start {
      let path = RunFolder(holding: start).environment
      if FileManager.default.fileExists(atPath: path) {
        do {
          history = try SessionHistory(Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
          let reason = error is DecodingError ? "it is not what Sluice writes" : error.fileReason
          warn("\(path): cannot be read (\(reason)): earlier sessions are not recorded")
        }
      }
      if let old = history.last(before: session.fromStep) {
        let changes = session.changes(since: old)
        let since = "since the session from step \(old.fromStep)"
        let deciding = changes.filter(\.decidesBits).map(\.description)
        if !deciding.isEmpty {
          warn(
            "\(since): \(deciding.joined(separator: "; ")): from here on, bits can differ from those of a run "
              + "without this change")
        }
        let others = changes.filter { !$0.decidesBits }.map(\.description)
        if !others.isEmpty { inform("\(since): \(others.joined(separator: "; "))") }
      }
    }
    try history.append(session)
    return try history.data()
  }
}
