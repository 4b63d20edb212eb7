extension ShardTree {
  /// The sum over ranks, a power of two of them, of what each brings: a leaf each, or the sum of a subtree.
  ///
  /// Level after level two halves of a node meet: neighbours first, then pair with pair, and so on. Both partners add
  /// the same two numbers, and as a + b = b + a they and at last all ranks hold the same bits.
  ///
  /// - Parameter exchange: Sends this rank's numbers to a partner and returns the partner's; called log₂ ranks times,
  ///   with the same partners on both sides.
  package static func sum(
    _ numbers: [Double], rank: Int, ranks: Int, exchange: ([Double], _ partner: Int) throws -> [Double]
  ) rethrows -> [Double] {
    precondition(ranks > 0 && ranks & (ranks - 1) == 0, "\(ranks) ranks do not pair up")
    var sums = numbers
    var distance = 1
    while distance < ranks {
      let theirs = try exchange(sums, rank ^ distance)
      for i in sums.indices { sums[i] += theirs[i] }
      distance *= 2
    }
    return sums
  }
}
