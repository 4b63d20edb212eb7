import CVector

/// A sum along `ShardTree` whose leaves come one after the other, from the left, however many they will be.
///
/// Like a binary counter: neighbours of equal length are added at once, so that at most log₂ leaves buffers wait, and
/// their lengths are those of the tree's left halves. What is left over at the end is added from the right.
package struct StreamedSum: Sendable {
  /// Completed subtrees from the left, each longer than the next.
  private var subtrees: [(sum: Storage, leaves: Int)] = []

  package init() {}

  /// Brings the next leaf, `count` numbers, which belong to the sum from now on.
  package mutating func add(_ leaf: Storage, count: Int) {
    var (sum, leaves) = (leaf, 1)
    while let last = subtrees.last, last.leaves == leaves {
      vector_add(count, last.sum.pointer, sum.pointer)
      (sum, leaves) = (last.sum, last.leaves + leaves)
      subtrees.removeLast()
    }
    subtrees.append((sum, leaves))
  }

  /// The sum of all leaves, of which there is at least one. Nothing may follow.
  package mutating func total(count: Int) -> Storage {
    var sum = subtrees.removeLast().sum
    while let last = subtrees.popLast() {
      vector_add(count, last.sum.pointer, sum.pointer)
      sum = last.sum
    }
    return sum
  }
}
