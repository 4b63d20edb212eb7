/// An image or a file of a data set that cannot be used, or a class folder without one.
public struct DataFault: Error, Sendable, Equatable, Codable {
  /// What a person calls it, for example its path.
  public let name: String
  /// In one sentence without the name.
  public let reason: String

  public init(name: String, reason: String) {
    self.name = name
    self.reason = reason
  }

  /// The same with a question mark for each character that would break a line.
  package var onOneLine: DataFault {
    func plain(_ text: String) -> String {
      String(text.map { $0.unicodeScalars.contains { $0.value < 32 } ? "?" : $0 })
    }
    return DataFault(name: plain(name), reason: plain(reason))
  }

  /// In the order in which people list paths.
  static func sorted(_ faults: [DataFault]) -> [DataFault] {
    faults.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }
}
