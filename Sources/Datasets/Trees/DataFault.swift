/// A file of a data set that cannot be used, or a class folder without one.
public struct DataFault: Sendable, Equatable, Codable {
  /// What a person calls it: its path.
  public let name: String
  public let reason: String

  public init(name: String, reason: String) {
    self.name = name
    self.reason = reason
  }

  /// In the order in which people list paths.
  static func sorted(_ faults: [DataFault]) -> [DataFault] {
    faults.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }
}
