/// A name as file systems and file formats compare it: by its bytes, which need not be text.
///
/// Two `String`s are equal if Unicode takes them for the same text: "é" is one scalar (NFC) or an e and an accent
/// (NFD). Of two files whose names differ in that alone, a set or a dictionary of `String`s loses one.
package struct ByteName: Hashable, Sendable {
  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package init(_ bytes: some Sequence<UInt8>) { self.init(Array(bytes)) }

  package init(_ text: String) { self.init(text.utf8) }

  /// The name as it is; nil: it is not UTF-8.
  package var string: String? { String(validating: bytes, as: UTF8.self) }

  /// For people, on one line: control characters and bytes that are not UTF-8 are shown as `\x0A` or `\xE9`.
  package var text: String { escaped { $0.value >= 0x20 && $0.value != 0x7F } }

  /// For people who have to tell it from a name that looks the same: every scalar beyond ASCII is shown as `\u{E9}`.
  package var spelling: String { escaped { (0x20..<0x7F).contains($0.value) } }

  /// Whether something in a folder can be called so: what a file says is the name of another then leads nowhere else.
  package var isFileName: Bool {
    !["", ".", ".."].contains(self) && !bytes.contains(UInt8(ascii: "/")) && !bytes.contains(0)
  }

  /// Whether people take it for another name although its bytes are others.
  package func looksLike(_ other: ByteName) -> Bool { self != other && text == other.text }

  private func escaped(unless isShown: (Unicode.Scalar) -> Bool) -> String {
    var result = ""
    var iterator = bytes.makeIterator()
    var parser = UTF8.ForwardParser()
    var position = 0
    while true {
      switch parser.parseScalar(from: &iterator) {
      case .valid(let encoded):
        let scalar = UTF8.decode(encoded)
        if isShown(scalar) {
          result.unicodeScalars.append(scalar)
        } else {
          result +=
            scalar.isASCII ? Self.escape(UInt8(scalar.value)) : "\\u{\(Self.hexadecimal(scalar.value))}"
        }
        position += encoded.count
      case .error(let length):
        for byte in bytes[position..<position + length] { result += Self.escape(byte) }
        position += length
      case .emptyInput: return result
      }
    }
  }

  private static func escape(_ byte: UInt8) -> String {
    "\\x" + (byte < 16 ? "0" : "") + hexadecimal(UInt32(byte))
  }

  private static func hexadecimal(_ number: UInt32) -> String {
    String(number, radix: 16, uppercase: true)
  }
}

extension ByteName: Comparable {
  package static func < (a: ByteName, b: ByteName) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

extension ByteName: ExpressibleByStringLiteral {
  package init(stringLiteral text: String) { self.init(text) }
}

extension ByteName: Codable {
  /// A string, or the numbers of bytes that are none.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      self.init(text)
    } else {
      self.init(try container.decode([UInt8].self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let string { try container.encode(string) } else { try container.encode(bytes) }
  }
}

/// Two texts for a sentence that says how they differ: spelled out where they look the same.
package func toldApart(_ a: String, _ b: String) -> (String, String) {
  let (first, second) = (ByteName(a), ByteName(b))
  return first.looksLike(second) ? (first.spelling, second.spelling) : (a, b)
}
