/// Why runs could not be looked at or made, in one sentence.
public enum StudyError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  /// A folder that is not that of a run.
  case notARun(path: String)
  case unknownMetric(String, nearest: String?)
  case unknownState(String, nearest: String?)

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
    }
  }
}
