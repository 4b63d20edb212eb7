import CVector
import Foundation

/// A sum along `ShardTree` whose leaves threads bring in any order.
///
/// Whoever completes both halves of a node adds them at once, while they are warm, so that at most about
/// threads + log₂ leaves buffers are alive at a time. The result does not depend on who added what.
package final class ConcurrentSum: @unchecked Sendable {
  // @unchecked: `waiting` is guarded by `lock`, all else is constant.
  private struct Node: Hashable {
    let first: Int
    let count: Int
  }
  private let lock = NSLock()
  /// Completed nodes whose siblings are not.
  private var waiting: [Node: Storage] = [:]
  /// By node: its parent and the other child.
  private let family: [Node: (parent: Node, sibling: Node)]
  private let root: Node

  /// - Parameter leaves: At least 1.
  package init(leaves: Int) {
    precondition(leaves > 0)
    root = Node(first: 0, count: leaves)
    family = Self.family(of: root)
  }

  private static func family(of node: Node) -> [Node: (parent: Node, sibling: Node)] {
    guard node.count > 1 else { return [:] }
    let half = ShardTree.split(node.count)
    let left = Node(first: node.first, count: half)
    let right = Node(first: node.first + half, count: node.count - half)
    return [left: (node, right), right: (node, left)]
      .merging(family(of: left)) { own, _ in own }.merging(family(of: right)) { own, _ in own }
  }

  /// Brings leaf `index`, `count` numbers, which belong to the sum from now on.
  package func add(_ leaf: Storage, count: Int, atLeaf index: Int) {
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

  /// The sum, once every leaf was brought.
  package var total: Storage { lock.withLock { waiting[root]! } }
}
