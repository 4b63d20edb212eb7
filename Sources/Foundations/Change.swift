/// How much something was, and how much of it there is now.
package struct Change: Sendable, Equatable {
  package let before: Int
  package let after: Int

  package init(_ before: Int, _ after: Int) { (self.before, self.after) = (before, after) }

  /// For example `1,024 → 512 (50.00 %)`.
  package var text: String {
    "\(grouped(before)) → \(grouped(after)) (\(percent(100 * Double(after) / Double(before))))"
  }

  package var json: JSONValue { .object(["before": .integer(before), "after": .integer(after)]) }
}
