import Foundation

/// The leaves of a sum while several threads each bring a part of one.
package final class SharedLeaves: @unchecked Sendable {
  // @unchecked: `leaves` is guarded by `lock`, all else is constant.
  private struct Leaf {
    let buffer: Storage
    var unfinished: Int
  }
  private let parts: Int
  private let make: () -> Storage
  private let lock = NSLock()
  private var leaves: [Int: Leaf] = [:]

  /// - Parameters:
  ///   - parts: Of each leaf.
  ///   - make: Makes a leaf's buffer.
  package init(parts: Int, _ make: @escaping () -> Storage) {
    self.parts = parts
    self.make = make
  }

  /// Where a leaf's parts are written.
  package func leaf(_ index: Int) -> Storage {
    lock.withLock {
      if let leaf = leaves[index] { return leaf.buffer }
      let leaf = Leaf(buffer: make(), unfinished: parts)
      leaves[index] = leaf
      return leaf.buffer
    }
  }

  /// Tells that a part is written.
  ///
  /// - Returns: The leaf, if that was its last part.
  package func finishPart(of index: Int) -> Storage? {
    lock.withLock {
      leaves[index]!.unfinished -= 1
      return leaves[index]!.unfinished == 0 ? leaves.removeValue(forKey: index)!.buffer : nil
    }
  }
}
