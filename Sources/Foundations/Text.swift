import Foundation

// How numbers and lines read, everywhere alike.

/// For example `1 rank`, `2 ranks`, `1,024 images`.
///
/// - Parameter plural: Where it is not the noun with an s.
package func counted(_ count: Int, _ noun: String, plural: String? = nil) -> String {
  "\(grouped(count)) \(form(of: noun, for: count, plural: plural))"
}

/// The noun alone, as it stands behind a count.
package func form(of noun: String, for count: Int, plural: String? = nil) -> String {
  count == 1 ? noun : plural ?? noun + "s"
}

/// A fixed number of decimals.
package func decimals(_ value: Double, _ count: Int) -> String { String(format: "%.\(count)f", value) }

/// A number of percent, for example `12.34 %`.
package func percent(_ value: Double, decimals count: Int = 2) -> String { "\(decimals(value, count)) %" }

/// For example `823 MB` or `1.5 GB`, of 10⁶ and 10⁹ bytes.
package func memoryText(_ bytes: Double) -> String {
  bytes < 950e6 ? "\(decimals(bytes / 1e6, 0)) MB" : "\(decimals(bytes / 1e9, 1)) GB"
}

extension String {
  /// With spaces behind it, at least `width` characters long.
  package func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  /// With spaces before it, at least `width` characters long.
  package func rightAligned(in width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }

  /// Lines of at most `columns` characters, broken between words; a longer word has a line of its own.
  ///
  /// - Parameter first: Begins the first line; as many spaces begin the others.
  package func wrapped(columns: Int, first: String = "") -> [String] {
    var lines: [String] = []
    var line = first
    var isEmpty = true
    for word in split(separator: " ") {
      if !isEmpty, line.count + 1 + word.count > columns {
        lines.append(line)
        line = "".padded(to: first.count)
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return lines + [line]
  }
}
