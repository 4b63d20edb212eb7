/// The order in which gradients are summed over ranks while backward still runs.
package enum GradientBuckets {
  /// What `ranges` divides the size by for its smallest ranges.
  static let taper = 16

  /// Consecutive ranges of at most `size` numbers from the end of 0 ..< `count` to its start: the order in
  /// which backward finishes them.
  ///
  /// The last ones take half of what is left each, down to 1/16 of `size`: nothing is left to hide them behind, and
  /// the less there is in the last one, the sooner the update can begin.
  package static func ranges(count: Int, size: Int) -> [Range<Int>] {
    precondition(count >= 0 && size > 0)
    var ranges: [Range<Int>] = []
    var end = count
    while end > 0 {
      let length = min(end, size, max((end + 1) / 2, size / taper))
      ranges.append(end - length..<end)
      end -= length
    }
    return ranges
  }
}
