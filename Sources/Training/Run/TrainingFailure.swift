import Collectives
import Configurations
import Foundations

/// Why a run cannot take another step, in one sentence.
public enum TrainingFailure: SharedFailure, Equatable, CustomStringConvertible {
  /// A value that is not finite: found in sums over the global batch or in weights, which are equal on all ranks.
  /// `isRepeated`: an audit found it, too; `record`: nil where it could not be written.
  case nonFinite(NonFiniteStep, isRepeated: Bool, record: NonFiniteRecord?, lastCheckpoint: String?)
  /// Two ranks computed the same and got other bits.
  case auditFailed(step: Int, problem: String, lastCheckpoint: String?)
  /// Networks that should be equal are not; `ranks`: those that are not like most, empty where that cannot be said.
  case networksDiffer(step: Int, ranks: [Int], first: Int, lastCheckpoint: String?)
  /// Images that cannot be used, as ranks agreed before they took them; `canSkip`: another `data.on_error` would go on
  /// without them.
  case badData(during: String, problem: String, source: String, canSkip: Bool, lastCheckpoint: String?)

  public var description: String {
    switch self {
    case .nonFinite(let end, let isRepeated, let record, let lastCheckpoint):
      "step \(end.step): a non-finite value first appeared at '\(end.layer)'"
        + (isRepeated ? ", and again when the audit repeated the step; " : "; ")
        + "it was made from \(end.imageWords)\(record.map { " (listed in \($0.folder.nonFinite))" } ?? ""); "
        + (lastCheckpoint.map { "the last good checkpoint is \($0)" } ?? "no checkpoint has been written yet")
        + (record.flatMap { $0.command(end.step) }.map { "; '\($0)' takes the step again" } ?? "")
        + "; a lower optimizer.learning_rate usually helps"
    case .auditFailed(let step, let problem, let lastCheckpoint):
      "step \(step): \(problem); a core or its memory computes wrongly without saying so; the step was not taken, and "
        + Self.words(of: lastCheckpoint)
    case .networksDiffer(let step, let ranks, let first, let lastCheckpoint):
      "after step \(step) "
        + (ranks.isEmpty
          ? "rank \(first) has another network than rank 0"
          : "\(ranks.count == 1 ? "rank" : "ranks") \(ranks.map(String.init).joined(separator: ", ")) "
            + "\(ranks.count == 1 ? "has" : "have") another network than the others")
        + ", and they should be equal; a core or its memory computes wrongly without saying so; "
        + Self.words(of: lastCheckpoint)
    case .badData(let work, let problem, let source, let canSkip, let lastCheckpoint):
      "\(work): \(problem); "
        + Self.words(of: lastCheckpoint)
        + "; 'sluice data verify \(source)' finds every such image"
        + (canSkip ? ", data.on_error=skip continues without them" : "")
    }
  }

  /// Where a step that came to a value that is not finite is recorded.
  public struct NonFiniteRecord: Equatable, Sendable {
    let folder: RunFolder
    let canBeReplayed: Bool

    /// The command that takes the step again; nil: none does.
    fileprivate func command(_ step: Int) -> String? {
      canBeReplayed ? shellWords(["sluice", "replay", folder.path, "--step", "\(step)"]) : nil
    }
  }

  private static func words(of checkpoint: String?) -> String {
    checkpoint.map { "the last checkpoint is \($0)" } ?? "no checkpoint has been written yet"
  }

  /// What a failure to read images, which ranks agreed on, comes to.
  static func badData(
    _ failure: AgreedFailure, during work: String, _ configuration: Configuration, _ lastCheckpoint: String?
  ) -> TrainingFailure {
    .badData(
      during: work, problem: "\(failure)", source: configuration.data.source,
      canSkip: configuration.data.onError == .stop, lastCheckpoint: lastCheckpoint)
  }
}
