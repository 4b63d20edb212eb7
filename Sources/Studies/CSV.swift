import Foundations

/// A table as comma-separated values, after RFC 4180 but for its line ends, which are those of Unix.
struct CSV {
  private(set) var text: String

  init(titles: [String]) { text = Self.line(titles) }

  /// A row for each record, with the keys of the first as titles.
  init(records: [[(key: String, value: JSONValue)]]) {
    self.init(titles: records.first.map { $0.map(\.key) } ?? [])
    for record in records { append(record.map(\.value.cell)) }
  }

  mutating func append(_ row: [String]) { text += Self.line(row) }

  private static func line(_ values: [String]) -> String { values.map(quoted).joined(separator: ",") + "\n" }

  private static func quoted(_ value: String) -> String {
    // By scalars: "\r\n" is one character.
    let isPlain = !value.unicodeScalars.contains { [",", "\"", "\n", "\r"].contains($0) }
    return isPlain ? value : "\"" + value.replacing("\"", with: "\"\"") + "\""
  }
}
