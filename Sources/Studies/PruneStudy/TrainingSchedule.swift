/// A schedule of the training on labels that all networks of a study get: settings laid over those of the configuration.
public struct TrainingSchedule: Hashable, Sendable {
  /// `KEY=VALUE`; empty: as the configuration has it.
  public let settings: [String]

  /// What a schedule may say: nothing but how long and at which rates networks learn.
  private static let prefixes = ["optimizer.", "schedule.", "epochs=", "max_steps="]
  private static let configuredName = "configured"

  public static let configured = TrainingSchedule(settings: [])

  private init(settings: [String]) { self.settings = settings }

  /// - Parameter text: `configured`, or settings with commas between them.
  public init?(_ text: String) {
    guard text != Self.configuredName else { self = .configured; return }
    settings = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let areAllowed = settings.allSatisfy { setting in
      // Its name is that of a folder.
      setting.contains("=") && !setting.contains("/") && Self.prefixes.contains(where: setting.hasPrefix)
    }
    guard areAllowed else { return nil }
  }

  /// As a person wrote it; also the name of its folder.
  public var name: String { settings.isEmpty ? Self.configuredName : settings.joined(separator: ",") }
}
