import Objectives

/// Which objective is trained for, and the settings of each.
public struct ObjectiveSelection: Equatable, Sendable {
  public var name = ObjectiveKind.simsiam
  /// A value for each objective, in the order of the table: a file may set several and an option choose.
  private var settings = ObjectiveKind.table

  /// Those of the objective that is trained for.
  public var chosen: any ObjectiveSettings {
    settings.first { type(of: $0).name == name.rawValue }!
  }

  /// Those of one objective, chosen or not.
  public subscript<Settings: ObjectiveSettings>(kind: Settings.Type) -> Settings {
    get { settings.lazy.compactMap { $0 as? Settings }.first! }
    set { settings = settings.map { $0 is Settings ? newValue : $0 } }
  }

  /// Decides what was left to data of so many classes.
  mutating func settle(classCount: Int) {
    settings = settings.map { $0.settled(classCount: classCount) }
  }

  /// Whether the same is trained for: what other objectives are set to does nothing.
  public static func == (left: Self, right: Self) -> Bool {
    left.name == right.name && left.chosen.isEqual(to: right.chosen)
  }
}
