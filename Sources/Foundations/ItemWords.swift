/// Why an item of a measured table cannot be read; completes the sentence "this item …".
public struct ItemProblem: Error, Equatable, CustomStringConvertible {
  /// Of the item, from 0.
  public let item: Int
  public let description: String

  package init(item: Int, description: String) {
    self.item = item
    self.description = description
  }
}

/// The `name=value` words of an item of a measured table, taken by name.
package struct ItemWords {
  private var values: [String: String] = [:]
  private let item: Int

  /// - Parameter example: A word as it should be, for messages.
  package init(_ text: String, item: Int, example: String) throws(ItemProblem) {
    self.item = item
    for word in text.split(separator: " ") {
      let sides = word.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard sides.count == 2, !sides[0].isEmpty, !sides[1].isEmpty else {
        throw problem("has '\(word)' where a word like \(example) must stand")
      }
      guard values.updateValue(sides[1], forKey: sides[0]) == nil else {
        throw problem("gives '\(sides[0])' more than once")
      }
    }
  }

  package func problem(_ text: String) -> ItemProblem { .init(item: item, description: text) }

  package func has(_ name: String) -> Bool { values[name] != nil }

  package mutating func textIfPresent(_ name: String) -> String? { values.removeValue(forKey: name) }

  package mutating func text(_ name: String) throws(ItemProblem) -> String {
    guard let value = textIfPresent(name) else { throw problem("has no '\(name)='") }
    return value
  }

  package mutating func number(
    _ name: String, from least: Int = 1, through most: Int = 1_000_000
  ) throws(ItemProblem) -> Int {
    try number(try text(name), of: name, from: least, through: most)
  }

  package func number(
    _ text: String, of name: String, from least: Int = 1, through most: Int = 1_000_000
  ) throws(ItemProblem) -> Int {
    guard let number = Int(text), (least...most).contains(number) else {
      throw problem("has '\(text)' for '\(name)', which must be a whole number of at least \(least)")
    }
    return number
  }

  /// A time in microseconds.
  package mutating func microseconds(_ name: String) throws(ItemProblem) -> Double {
    let text = try text(name)
    guard let number = Double(text), number >= 0, number < 1e12 else {
      throw problem("has '\(text)' for '\(name)', which must be a number of microseconds")
    }
    return number
  }

  package func expectNoMore() throws(ItemProblem) {
    if let name = values.keys.min() { throw problem("has '\(name)=', which means nothing there") }
  }
}
