import Foundations

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

  /// What to tell a person about files that were let pass: a sentence, or none.
  static func warnings(of files: [DataFault], among count: Int, source: String) -> [String] {
    guard !files.isEmpty else { return [] }
    let names = files.prefix(3).map(\.name).joined(separator: ", ") + (files.count > 3 ? ", …" : "")
    return ["\(source): \(grouped(files.count)) of \(grouped(count)) files cannot be used: \(names)"]
  }

  /// In the order in which people list paths.
  static func sorted(_ faults: [DataFault]) -> [DataFault] {
    faults.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }
}
