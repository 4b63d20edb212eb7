// Numbers that files claim. Whoever made a file may have written any of them, and none may trap.

extension Int {
  /// A billion: beyond all use for what is counted one by one, and products of two such numbers do not overflow.
  package static let largestCount = 1_000_000_000

  /// 2⁵³, up to which all programs that read JSON agree on whole numbers.
  package static let largestSize = 1 << 53

  /// Whether it can be a number of steps, images, labels or channels, or the place of one.
  package var isCount: Bool { (0...Self.largestCount).contains(self) }

  /// Whether it can be a number of bytes, or the place of one.
  package var isSize: Bool { (0...Self.largestSize).contains(self) }
}

extension Sequence<Int> {
  /// Their sum; nil: it is more than an `Int` holds.
  package var checkedSum: Int? { checked(0) { $0.addingReportingOverflow($1) } }

  /// Their product; nil: it, or that of the first of them, is more than an `Int` holds.
  package var checkedProduct: Int? { checked(1) { $0.multipliedReportingOverflow(by: $1) } }

  private func checked(
    _ start: Int, _ combine: (Int, Int) -> (partialValue: Int, overflow: Bool)
  ) -> Int? {
    var result = start
    for number in self {
      let (value, overflow) = combine(result, number)
      if overflow { return nil }
      result = value
    }
    return result
  }
}

extension KeyedDecodingContainer {
  /// - Throws: `DecodingError`, also for a number that is no count.
  package func decodeCount(forKey key: Key) throws -> Int {
    let number = try decode(Int.self, forKey: key)
    guard number.isCount else {
      throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "it is no count")
    }
    return number
  }

  /// - Returns: nil where there is none, or `null`.
  /// - Throws: `DecodingError`, also for a number that is no count.
  package func decodeCountIfPresent(forKey key: Key) throws -> Int? {
    try decodeIfPresent(Int.self, forKey: key) == nil ? nil : decodeCount(forKey: key)
  }
}
