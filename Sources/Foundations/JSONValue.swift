import Foundation

/// A JSON value that is printed the same way every time: objects keep the order of their keys, floating-point
/// numbers have the fewest digits that read back to the same number.
public enum JSONValue: Equatable, Sendable {
  case integer(Int)
  /// Not finite: printed as `null`, which JSON has instead.
  case number(Double)
  case text(String)
  case flag(Bool)
  case null
  case list([JSONValue])
  case object([Field])

  public struct Field: Equatable, Sendable {
    public let key: String
    public let value: JSONValue

    public init(key: String, value: JSONValue) {
      (self.key, self.value) = (key, value)
    }
  }

  /// An object with these keys, in this order.
  public static func object(_ fields: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .object(fields.map { Field(key: $0.key, value: $0.value) })
  }

  /// An object with these keys, in this order; a key comes once.
  public static func object(keyed fields: [(key: String, value: JSONValue)]) -> JSONValue {
    .object(fields.map { Field(key: $0.key, value: $0.value) })
  }

  /// The value of a key of an object.
  public subscript(key: String) -> JSONValue? {
    if case .object(let fields) = self { fields.first { $0.key == key }?.value } else { nil }
  }

  /// The value on one line.
  public var line: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): value.isFinite ? "\(value)" : "null"
    case .text(let value): Self.quoted(value)
    case .flag(let value): "\(value)"
    case .null: "null"
    case .list(let values): "[\(values.map(\.line).joined(separator: ", "))]"
    case .object(let fields):
      "{\(fields.map { "\(Self.quoted($0.key)): \($0.value.line)" }.joined(separator: ", "))}"
    }
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case "\n": "\\n"
      case _ where scalar.value < 0x20: String(format: "\\u%04x", scalar.value)
      default: String(scalar)
      }
    }
    return "\"\(escaped.joined())\""
  }
}
