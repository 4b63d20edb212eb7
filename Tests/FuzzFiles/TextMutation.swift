import FuzzSupport

/// One way to spoil a file that has words and numbers in it, beside those of `Mutation`.
enum TextMutation: CaseIterable {
  case insertToken, replaceNumber, nest, repeatLine, setLength

  /// Values on the edges of types, and of what readers of JSON and YAML agree on.
  private static let values = [
    "0", "-1", "1", "127", "255", "65536", "1000000000", "1000000001", "9007199254740992", "9007199254740993",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615", "1e308",
    "-1e308",
    "1e400", "1e-320", "0.5", "nan", "null", "true", "\"\"", "[]", "{}", "..", "../../x", "/x",
  ]
  private static let lengths: [UInt64] = [
    0, 1, 2, 8, 0xFF, 0x7FFF_FFFF, 1 << 32, 1 << 62, .max >> 1, .max - 7, .max,
  ]

  /// - Parameter tokens: Words of the format.
  func apply(to bytes: inout [UInt8], tokens: [String], _ draw: inout Draws) {
    switch self {
    case .insertToken:
      let token = draw.element(of: tokens + Self.values)
      bytes.insert(contentsOf: token.utf8, at: draw(below: bytes.count + 1))
    case .replaceNumber:
      let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
      guard !bytes.isEmpty, let start = bytes[draw(below: bytes.count)...].firstIndex(where: isDigit) else {
        return
      }
      let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.endIndex
      bytes.replaceSubrange(start..<end, with: draw.element(of: Self.values).utf8)
    case .nest:
      let opening = draw.element(of: ["[", "{\"a\":", "{", "- ", "? ", "(", "<"])
      let count = 1 << draw(below: 13)
      bytes.insert(
        contentsOf: String(repeating: opening, count: count).utf8, at: draw(below: bytes.count + 1))
    case .repeatLine:
      let lines = bytes.split(separator: UInt8(ascii: "\n"))
      guard !lines.isEmpty else { return }
      bytes += [UInt8(ascii: "\n")] + draw.element(of: lines)
    case .setLength:
      guard bytes.count >= 8 else { return }
      let length = draw.element(of: Self.lengths) &+ UInt64(draw(below: 16))
      for place in 0..<8 { bytes[place] = UInt8(truncatingIfNeeded: length >> UInt64(8 * place)) }
    }
  }
}
