/// The order in which gradients are summed over ranks while backward still runs.
package enum GradientBuckets {
  /// Consecutive ranges of at most `size` numbers from the end of 0 ..< `count` to its start: the order in
  /// which backward finishes them. Only the last range may be shorter.
  package static func ranges(count: Int, size: Int) -> [Range<Int>] {
    precondition(count >= 0 && size > 0)
    return stride(from: count, to: 0, by: -size).map { max($0 - size, 0)..<$0 }
  }
}
