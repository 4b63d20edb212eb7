import Foundation

/// One form that values of a configuration take: what is allowed, how it is read and how it is printed.
public struct ValueForm<Value: Sendable>: Sendable {
  /// Completes the sentence "it must be …".
  public let expected: String
  /// The value, or nil if it is not of this form.
  public let read: @Sendable (ConfigurationValue) -> Value?
  /// YAML that reads back to the same value.
  public let print: @Sendable (Value) -> String
  /// The value in a sentence, where it is too long to be printed there.
  public let show: @Sendable (Value) -> String

  public init(
    expected: String, read: @escaping @Sendable (ConfigurationValue) -> Value?,
    print: @escaping @Sendable (Value) -> String, show: (@Sendable (Value) -> String)? = nil
  ) {
    self.expected = expected
    self.read = read
    self.print = print
    self.show = show ?? print
  }
}

/// What numbers are allowed.
public enum Bounds: Sendable {
  case atLeast(Double)
  case above(Double)
  case within(Double, Double)
  case aboveUpTo(Double, Double)

  func contain(_ number: Double) -> Bool {
    switch self {
    case .atLeast(let low): number >= low
    case .above(let low): number > low
    case .within(let low, let high): number >= low && number <= high
    case .aboveUpTo(let low, let high): number > low && number <= high
    }
  }

  var phrase: String {
    switch self {
    case .atLeast(let low): "of at least \(short(low))"
    case .above(let low): "above \(short(low))"
    case .within(let low, let high): "from \(short(low)) to \(short(high))"
    case .aboveUpTo(let low, let high): "above \(short(low)) and at most \(short(high))"
    }
  }

  private func short(_ number: Double) -> String {
    number == number.rounded() ? "\(Int(number))" : "\(number)"
  }
}

extension ValueForm where Value == Int {
  public static func wholeNumber(_ range: ClosedRange<Int>) -> Self {
    Self(
      expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
      read: { $0.plain.flatMap { Int($0) }.flatMap { range.contains($0) ? $0 : nil } },
      print: { "\($0)" })
  }

  /// Up to `Int.largestCount`.
  public static func wholeNumber(_ range: PartialRangeFrom<Int>) -> Self {
    wholeNumber(range.lowerBound...Int.largestCount)
  }

  public static func oneOf(_ allowed: [Int]) -> Self {
    Self(
      expected: allowed.count > 2
        ? "one of \(allowed.map(String.init).joined(separator: ", "))"
        : allowed.map(String.init).joined(separator: " or "),
      read: { $0.plain.flatMap { Int($0) }.flatMap { allowed.contains($0) ? $0 : nil } },
      print: { "\($0)" })
  }
}

extension ValueForm where Value == UInt64 {
  public static let seed = Self(
    expected: "a whole number from 0 to \(UInt64.max)", read: { $0.plain.flatMap { UInt64($0) } },
    print: { "\($0)" })
}

extension ValueForm where Value == Double {
  public static func number(_ bounds: Bounds) -> Self {
    Self(
      expected: "a number \(bounds.phrase)",
      read: { value in
        // Double also takes "nan", "infinity" and hexadecimal: not in a configuration.
        guard let text = value.plain, text.allSatisfy({ "+-.0123456789eE".contains($0) }),
          let number = Double(text), number.isFinite, bounds.contain(number)
        else { return nil }
        return number
      },
      print: { "\($0)" })
  }
}

extension ValueForm where Value == Bool {
  public static let flag = Self(
    expected: "true or false",
    read: { $0.plain == "true" ? true : $0.plain == "false" ? false : nil },
    print: { "\($0)" })
}

extension ValueForm where Value == String {
  public static func text(_ expected: String) -> Self {
    Self(
      expected: expected,
      read: { $0.text.flatMap { $0.isEmpty ? nil : $0 } },
      print: { text in
        // Plain where no YAML rule could read it otherwise; else double-quoted, with JSON's escapes.
        let isSimple =
          text.wholeMatch(of: /[A-Za-z0-9_.\/][A-Za-z0-9_.\/+=@-]*(:[A-Za-z0-9_.\/+=@-]+)*/) != nil
          && text != "null"
        guard !isSimple else { return text }
        let escaped = text.unicodeScalars.map { scalar in
          switch scalar {
          case "\"", "\\": "\\\(scalar)"
          case _
          where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            || [0x85, 0x2028, 0x2029, 0xFEFF].contains(scalar.value):
            "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count)
              + String(scalar.value, radix: 16)
          default: String(scalar)
          }
        }
        return "\"\(escaped.joined())\""
      })
  }
}

extension ValueForm where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  public static var choice: Self {
    Self(
      expected: alternatives(Value.allCases.map(\.rawValue)),
      read: { $0.plain.flatMap(Value.init(rawValue:)) },
      print: { $0.rawValue })
  }
}

extension ValueForm {
  /// One of the choices, or `word`, which is named first, for nil.
  public static func choice<Wrapped>(or word: String) -> Self
  where Value == Wrapped?, Wrapped: RawRepresentable & CaseIterable, Wrapped.RawValue == String {
    Self(
      expected: alternatives([word] + Wrapped.allCases.map(\.rawValue)),
      read: { $0.plain == word ? .some(nil) : $0.plain.flatMap(Wrapped.init(rawValue:)).map(Optional.some) },
      print: { $0?.rawValue ?? word })
  }

  /// A value of this form, or `word` for nil.
  public static func optional<Wrapped>(_ form: ValueForm<Wrapped>, or word: String) -> Self
  where Value == Wrapped? {
    Self(
      expected: "\(form.expected), or '\(word)'",
      read: { $0.plain == word ? .some(nil) : form.read($0).map(Optional.some) },
      print: { $0.map(form.print) ?? word })
  }

  /// A list of two values of this form for which `isAllowed`.
  public static func pair<Element>(
    _ expected: String, of form: ValueForm<Element>,
    isAllowed: @escaping @Sendable (Element, Element) -> Bool = { _, _ in true }
  ) -> Self where Value == [Element] {
    list(expected, count: 2, of: form) { isAllowed($0[0], $0[1]) }
  }

  /// A list of `count` values of this form, or of any number, for which `isAllowed`.
  public static func list<Element>(
    _ expected: String, count: Int? = nil, of form: ValueForm<Element>,
    isAllowed: @escaping @Sendable ([Element]) -> Bool = { _ in true }
  ) -> Self where Value == [Element] {
    Self(
      expected: expected,
      read: { value in
        guard case .list(let items) = value, items.count == count ?? items.count else { return nil }
        let elements = items.compactMap(form.read)
        return elements.count == items.count && isAllowed(elements) ? elements : nil
      },
      print: { "[" + $0.map(form.print).joined(separator: ", ") + "]" })
  }
}

/// For example "a, b or c".
private func alternatives(_ words: [String]) -> String {
  words.count == 1 ? words[0] : words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
}
