// What a value is, for those who read objects that other versions may have written.
extension JSONValue {
  /// nil: no number.
  package var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// nil: no whole number.
  package var int: Int? { if case .integer(let value) = self { value } else { nil } }

  /// nil: no text.
  package var string: String? { if case .text(let value) = self { value } else { nil } }

  /// nil: no list.
  package var elements: [JSONValue]? { if case .list(let values) = self { values } else { nil } }
}
