import Foundations

/// Why runs could not be looked at or made, in one sentence.
public enum StudyError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  /// A folder that is not that of a run.
  case notARun(path: String)
  case unknownMetric(String, nearest: String?)
  case unknownState(String, nearest: String?)
  /// Weights that were to go back to where a run has ended already.
  case lateRewinding(step: Int, lastStep: Int)
  /// Rounds of pruning that would leave a weight or none.
  case tooManyRounds(Int, remaining: Int, weights: Int, most: Int)
  /// Ranks that would go on with different networks.
  case differentMasks(round: Int, rank: Int)
  case noGateUsage(path: String)

  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
    case .notARun(let path):
      "\(path) is not the folder of a run: that holds config.yaml, and environment.json or metrics.jsonl"
    case .unknownMetric(let name, let nearest):
      "--best \(name): there is no such measure; "
        + (nearest.map { "did you mean '\($0)'?" } ?? "there are \(RunMetric.names)")
    case .unknownState(let name, let nearest):
      "--where state=\(name): there is no such state; "
        + (nearest.map { "did you mean '\($0)'?" }
          ?? "there are \(RunState.allCases.map(\.rawValue).joined(separator: ", "))")
    case .lateRewinding(let step, let lastStep):
      "pruning.rewind is step \(step), and the run ends with step \(lastStep): go back to an earlier step"
    case .tooManyRounds(let rounds, let remaining, let weights, let most):
      "\(rounds) rounds of pruning would leave \(remaining) of \(grouped(weights)) weights: use --rounds \(most) at most"
    case .differentMasks(let round, let rank):
      "ranks 0 and \(rank) found different masks for round \(round): they do not hold the same weights; run sluice doctor"
    case .noGateUsage(let path):
      "\(path) does not say how often gates open their channels, which pruning.criterion gate-usage goes by: it needs "
        + "gates.enabled true and labelled test images, or another criterion"
    }
  }
}
