import Foundations

extension JSONValue {
  /// A value of a configuration as it is printed: numbers and flags as such, all else as text.
  init(printed value: String) {
    if let integer = Int(value) {
      self = .integer(integer)
    } else if let number = Double(value), number.isFinite {
      self = .number(number)
    } else if value == "true" || value == "false" {
      self = .flag(value == "true")
    } else {
      self = .text(value)
    }
  }
}
