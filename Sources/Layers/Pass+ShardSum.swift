import CVector
import Foundation
import Tensors

extension Pass {
  /// The sum over this rank's shards of `count` numbers each, added along `ShardTree`.
  ///
  /// A thread that completes both halves of a node adds them at once, while they are warm; at most about
  /// threads + log₂ shards buffers live at a time. The result does not depend on who added what.
  ///
  /// - Parameter parameter: Whose gradient this is.
  /// - Returns: nil in a micro-batch that is not the last: its part waits for the others'.
  package func sumOverShards(
    for parameter: Parameter, count: Int,
    _ compute: (_ shard: Int, UnsafeMutablePointer<Float>) throws -> Void
  ) throws -> Storage? {
    let tree = PartialSums(leaves: shards)
    try pool.run(shards, between: betweenPieces) { shard in
      // A micro-batch's sums wait for the next one's.
      let buffer = (microBatch == nil ? BufferPool.working : .shared).take(count: count)
      try compute(shard, buffer.pointer)
      guard let microBatch else { return tree.add(buffer, count: count, atLeaf: shard) }
      if let sum = microBatch.add(buffer, count: count, to: parameter, run: shard) {
        tree.add(sum, count: count, atLeaf: shard)
      }
    }
    return microBatch?.isLast == false ? nil : tree.total
  }
}

/// A summation tree under way: completed nodes wait for their siblings.
private final class PartialSums {
  private struct Node: Hashable {
    let first: Int
    let count: Int
  }
  private let lock = NSLock()
  private var waiting: [Node: Storage] = [:]
  /// By node: its parent and the other child.
  private var family: [Node: (parent: Node, sibling: Node)] = [:]
  private let root: Node

  init(leaves: Int) {
    root = Node(first: 0, count: leaves)
    divide(root)
  }

  private func divide(_ node: Node) {
    guard node.count > 1 else { return }
    let half = ShardTree.split(node.count)
    let left = Node(first: node.first, count: half)
    let right = Node(first: node.first + half, count: node.count - half)
    family[left] = (node, right)
    family[right] = (node, left)
    divide(left)
    divide(right)
  }

  func add(_ leaf: Storage, count: Int, atLeaf index: Int) {
    var node = Node(first: index, count: 1)
    var sum = leaf
    while let (parent, sibling) = family[node] {
      let other: Storage? = lock.withLock {
        if let other = waiting.removeValue(forKey: sibling) { return other }
        waiting[node] = sum
        return nil
      }
      guard let other else { return }
      // The left half takes in the right one, whichever came first.
      let (left, right) = node.first < sibling.first ? (sum, other) : (other, sum)
      vector_add(count, left.pointer, right.pointer)
      (node, sum) = (parent, left)
    }
    lock.withLock { waiting[root] = sum }
  }

  var total: Storage { lock.withLock { waiting[root]! } }
}
