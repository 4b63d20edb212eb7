/// The fixed binary tree along which everything that is summed over the batch is added (contract C1).
///
/// A range of n leaves splits after the largest power of two below n. Runs of leaves of equal power-of-two
/// length are therefore subtrees: ranks that hold such runs add their own leaves first and their results
/// afterwards, and get the bits that one rank would get.
///
/// Who adds what, and when, differs; the tree does not, nor does any bit of its root:
///
/// | leaves | added by |
/// |---|---|
/// | rows of doubles in one array | `sum(_:leaves:width:)` |
/// | rows of floats in one buffer | `sum(rows:count:width:into:)` |
/// | brought by threads, in any order | `ConcurrentSum` |
/// | brought one after the other, from the left | `StreamedSum` |
/// | one a rank, each on its own machine | `sum(_:rank:ranks:exchange:)` |
public enum ShardTree {
  /// Where the range of `count` leaves splits: the largest power of two below `count`.
  @inlinable
  public static func split(_ count: Int) -> Int {
    precondition(count > 1)
    var half = 1
    while half * 2 < count { half *= 2 }
    return half
  }
}
