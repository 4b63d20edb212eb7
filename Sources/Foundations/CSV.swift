/// A table as comma-separated values, after RFC 4180 but for its line ends, which are those of Unix.
package struct CSV {
  package private(set) var text: String

  package init(titles: [String]) { text = Self.line(titles) }

  package mutating func append(_ row: [String]) { text += Self.line(row) }

  /// A row with its line end.
  package static func line(_ values: [String]) -> String {
    values.map(quoted).joined(separator: ",") + "\n"
  }

  private static func quoted(_ value: String) -> String {
    // By bytes: "\r\n" is one character.
    let isPlain = !value.utf8.contains { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }
    return isPlain ? value : "\"" + value.replacing("\"", with: "\"\"") + "\""
  }
}
