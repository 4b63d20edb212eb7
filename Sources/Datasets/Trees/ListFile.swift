import Foundation
import Foundations

/// A text file that says something about a tree, line by line: which classes, or which image is of which.
///
/// Lines end with LF, CR LF or CR; the byte-order mark with which some programs begin UTF-8 does not count.
struct ListFile {
  /// As errors name it.
  let path: String
  private let bytes: ArraySlice<UInt8>

  typealias Line = (number: Int, text: ByteName)
  typealias Record = (number: Int, fields: [ByteName])

  /// - Throws: `DatasetError.unreadable`, or `.badLine` for UTF-16.
  init(_ path: String) throws(DatasetError) {
    let data: [UInt8]
    do throws(UnreadableText) {
      data = try readBytes(path)
    } catch {
      throw .unreadable(path: path, reason: error.reason)
    }
    if data.starts(with: [0xFF, 0xFE]) || data.starts(with: [0xFE, 0xFF]) {
      throw .badLine(path: path, line: 1, problem: "the file is UTF-16: save it as UTF-8")
    }
    self.path = path
    bytes = withoutByteOrderMark(data)
  }

  /// An error in line `number`.
  func bad(_ number: Int, _ problem: String) -> DatasetError {
    .badLine(path: path, line: number, problem: problem)
  }

  /// The lines that are not blank.
  var lines: [Line] {
    var lines: [Line] = []
    var number = 1
    var rest = bytes
    while !rest.isEmpty {
      let line = rest.prefix { !Self.isLineBreak($0) }
      if !line.allSatisfy(\.isBlank) { lines.append((number, ByteName(line))) }
      rest = rest[line.endIndex...]
      Self.skipLineBreak(&rest)
      number += 1
    }
    return lines
  }

  /// The records of comma-separated values that are not blank, with the number of the line in which each begins. What
  /// holds commas, quotes or line breaks stands in quotes, a quote inside as two.
  ///
  /// Source: RFC 4180.
  ///
  /// - Throws: `DatasetError.badLine` where a quote is missing.
  func records() throws(DatasetError) -> [Record] {
    let comma = UInt8(ascii: ",")
    var records: [Record] = []
    var number = 1
    var rest = bytes
    while !rest.isEmpty {
      let first = number
      var fields = [try field(&rest, &number)]
      while rest.first == comma {
        rest.removeFirst()
        fields.append(try field(&rest, &number))
      }
      if fields.count > 1 || !fields[0].bytes.allSatisfy(\.isBlank) { records.append((first, fields)) }
      Self.skipLineBreak(&rest)
      number += 1
    }
    return records
  }

  /// Takes one field off the beginning of `rest`, which is in line `number`.
  private func field(_ rest: inout ArraySlice<UInt8>, _ number: inout Int) throws(DatasetError) -> ByteName {
    let (comma, quote) = (UInt8(ascii: ","), UInt8(ascii: "\""))
    guard rest.first == quote else {
      let field = rest.prefix { $0 != comma && !Self.isLineBreak($0) }
      rest = rest[field.endIndex...]
      return ByteName(field)
    }
    let first = number
    var field: [UInt8] = []
    repeat {
      let text = rest.dropFirst().prefix { $0 != quote }
      guard text.endIndex < rest.endIndex else { throw bad(first, "the quote that begins here has no end") }
      number += Self.lineBreaks(in: text)
      field += text
      rest = rest[(text.endIndex + 1)...]
      // Two are one that belongs to the text.
      if rest.first == quote { field.append(quote) }
    } while rest.first == quote
    guard rest.first.map({ $0 == comma || Self.isLineBreak($0) }) ?? true else {
      throw bad(number, "a closing quote must be followed by a comma or the end of the line")
    }
    return ByteName(field)
  }

  private static func isLineBreak(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  private static func skipLineBreak(_ rest: inout ArraySlice<UInt8>) {
    rest = rest.dropFirst(rest.starts(with: Array("\r\n".utf8)) ? 2 : 1)
  }

  private static func lineBreaks(in text: ArraySlice<UInt8>) -> Int {
    var (count, rest) = (0, text)
    while let place = rest.firstIndex(where: isLineBreak) {
      rest = rest[place...]
      skipLineBreak(&rest)
      count += 1
    }
    return count
  }
}

extension UInt8 {
  /// A space, or what looks like some.
  var isBlank: Bool { [0x20, 0x09, 0x0B, 0x0C].contains(self) }
}

extension ByteName {
  /// The parts between blanks.
  var words: [ByteName] { bytes.split(whereSeparator: \.isBlank).map(ByteName.init) }
}
