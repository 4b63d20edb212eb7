import Foundation
import Foundations

/// The JSON header of a safetensors file: a field for every tensor, in their order, and free text.
struct SafetensorsHeader {
  struct Field: Decodable {
    let dtype: String
    let shape: [Int]
    let offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  private(set) var fields: [(name: String, field: Field)] = []
  private(set) var metadata: [String: String] = [:]

  /// Why bytes are not the expected JSON.
  struct Malformed: Error {
    /// Names from the outermost in; empty: the object as a whole.
    let place: [String]
  }

  init(_ json: Data) throws(Malformed) {
    for (key, value) in try Self.members(of: json) {
      let name = try Self.decode(String.self, from: key, in: [])
      if name == "__metadata__" {
        metadata = try Self.decode([String: String].self, from: value, in: [name])
      } else {
        fields.append((name, try Self.decode(Field.self, from: value, in: [name])))
      }
    }
  }

  /// The members of an object: `JSONDecoder` itself keeps one of two whose keys are the same text to Unicode.
  private static func members(of json: Data) throws(Malformed) -> [(key: Data, value: Data)] {
    let (quote, backslash, comma) = (UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: ","))
    let (opening, closing) = (Set("{[".utf8), Set("}]".utf8))
    var members: [(key: Data, value: Data)] = []
    var key: Data?
    var start = json.startIndex + 1
    var (depth, isInText, isEscaped) = (0, false, false)
    for place in json.indices {
      let byte = json[place]
      if isInText {
        (isInText, isEscaped) = (isEscaped || byte != quote, !isEscaped && byte == backslash)
      } else if byte == quote {
        isInText = true
      } else if opening.contains(byte) {
        depth += 1
      } else if depth == 1, byte == UInt8(ascii: ":"), key == nil {
        key = json[start..<place]
        start = place + 1
      } else if depth == 1, byte == comma || closing.contains(byte) {
        if let found = key {
          members.append((found, json[start..<place]))
        } else if byte == comma || !members.isEmpty || !json[start..<place].allSatisfy(isSpace) {
          throw Malformed(place: [])
        }
        key = nil
        start = place + 1
        if closing.contains(byte) {
          guard byte == UInt8(ascii: "}"), json[start...].allSatisfy(isSpace) else {
            throw Malformed(place: [])
          }
          return members
        }
      } else if closing.contains(byte) {
        depth -= 1
      }
    }
    throw Malformed(place: [])
  }

  private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

  private static func decode<Value: Decodable>(
    _ type: Value.Type, from json: Data, in place: [String]
  ) throws(Malformed) -> Value {
    do {
      return try JSONDecoder().decode(type, from: json)
    } catch {
      let path: [any CodingKey] =
        switch error as? DecodingError {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
          context.codingPath
        case .keyNotFound(let key, let context): context.codingPath + [key]
        default: []
        }
      throw Malformed(place: place + path.map(\.stringValue))
    }
  }
}
