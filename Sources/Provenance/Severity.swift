/// How bad it is that something about a machine or a job is as it is.
public enum Severity: String, Codable, Sendable {
  /// Takes longer than it has to.
  case slow
  /// Works, and may fail, be lost or not be repeatable.
  case risk
  /// Fails, or gives a result that cannot be relied on.
  case wrong
}
