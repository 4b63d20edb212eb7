import Provenance

/// Something about a machine or a job that will be slow or wrong, and what to do about it.
public struct Finding: Codable, Equatable, Sendable {
  public let severity: Severity
  /// What was found, in one sentence.
  public let problem: String
  /// What to do, in one sentence.
  public let advice: String

  public init(_ severity: Severity, problem: String, advice: String) {
    self.severity = severity
    self.problem = problem
    self.advice = advice
  }
}
