import Foundations

extension JSONValue {
  /// `null` where there is no number.
  init(_ number: Double?) { self = number.map(JSONValue.number) ?? .null }

  /// A whole number, or text where it is too large for `Int`.
  init(seed: UInt64) { self = Int(exactly: seed).map(JSONValue.integer) ?? .text("\(seed)") }
}
