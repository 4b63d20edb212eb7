/// Rows of text in aligned columns, at most 100 characters wide where the first column can be cut to that.
package struct TextTable {
  package struct Column {
    let title: String
    /// Numbers end in one column, names begin in one.
    let isNumber: Bool

    package static func name(_ title: String) -> Column { Column(title: title, isNumber: false) }
    package static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
  }

  private let columns: [Column]
  private let rows: [[String]]

  private static let width = 100
  private static let gap = 2
  private static let shortestName = 12

  /// - Parameter rows: As many texts each as there are columns.
  package init(_ columns: [Column], _ rows: [[String]]) {
    self.columns = columns
    self.rows = rows
  }

  /// A line of titles and one for each row.
  package var lines: [String] {
    var widths = columns.indices.map { column in
      ([columns[column].title] + rows.map { $0[column] }).reduce(0) { max($0, $1.terminalWidth) }
    }
    let others = widths.dropFirst().reduce(0) { $0 + $1 + Self.gap }
    widths[0] = min(widths[0], max(Self.width - others, Self.shortestName))
    return ([columns.map(\.title)] + rows).map { row in
      var line = ""
      for (column, text) in row.enumerated() {
        let text = column == 0 ? text.cut(toWidth: widths[0]) : text
        let space = String(repeating: " ", count: widths[column] - text.terminalWidth)
        line += (column == 0 ? "" : "  ") + (columns[column].isNumber ? space + text : text + space)
      }
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}

extension String {
  /// Columns that a terminal needs: two for a picture or an ideograph.
  package var terminalWidth: Int { reduce(0) { $0 + ($1.isWide ? 2 : 1) } }

  /// Without its beginning, for which an ellipsis stands, if it is wider: names of runs differ at their ends.
  package func cut(toWidth width: Int) -> String {
    guard terminalWidth > width else { return self }
    var end: [Character] = []
    var rest = width - 1
    for character in reversed() {
      rest -= character.isWide ? 2 : 1
      guard rest >= 0 else { break }
      end.append(character)
    }
    return "…" + String(end.reversed())
  }
}

extension Character {
  /// Whether it takes two columns of a terminal, after Unicode's East Asian Width.
  fileprivate var isWide: Bool {
    unicodeScalars.contains { scalar in
      scalar.properties.isEmojiPresentation
        || [
          0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
          0xFF00...0xFF60,
          0xFFE0...0xFFE6, 0x20000...0x3FFFD,
        ].contains { $0.contains(Int(scalar.value)) }
    }
  }
}
