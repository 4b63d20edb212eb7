/// An objective by its name.
public struct ObjectiveKind: RawRepresentable, CaseIterable, Hashable, Sendable {
  /// Every objective with its usual settings: the one place that names them all, in the order in which messages list
  /// them.
  public static let table: [any ObjectiveSettings] = [
    SimSiam.Settings(), SimCLR.Settings(), Supervised.Settings(), RotNet.Settings(), NPID.Settings(),
  ]

  public static let allCases = table.map { ObjectiveKind(of: type(of: $0)) }

  public let rawValue: String

  public init?(rawValue: String) {
    guard let kind = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = kind
  }

  public init(of settings: any ObjectiveSettings.Type) { rawValue = settings.name }
}
