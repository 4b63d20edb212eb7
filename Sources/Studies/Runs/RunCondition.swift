import Configurations
import Foundations

/// What a run must be, as a `--where` option says it: `state=finished`, or a key of its configuration and its value.
public enum RunCondition: Sendable {
  case state(RunState)
  case configuration(ConfigurationCondition)

  /// - Throws: `StudyError`, `ConfigurationError`.
  public init(_ text: String) throws {
    guard text.hasPrefix("state=") else {
      self = .configuration(try ConfigurationCondition(text))
      return
    }
    let name = String(text.dropFirst("state=".count))
    guard let state = RunState(rawValue: name) else {
      throw StudyError.unknownState(
        name, nearest: similarName(to: name, among: RunState.allCases.map(\.rawValue)))
    }
    self = .state(state)
  }
}
