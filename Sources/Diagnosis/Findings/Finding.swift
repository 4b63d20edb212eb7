/// Something about a machine or a job that will be slow or wrong, and what to do about it.
public struct Finding: Codable, Equatable, Sendable {
  public enum Severity: String, Codable, Sendable {
    /// Takes longer than it has to.
    case slow
    /// Works, and may fail, be lost or not be repeatable.
    case risk
    /// Fails, or gives a result that cannot be relied on.
    case wrong
  }

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
