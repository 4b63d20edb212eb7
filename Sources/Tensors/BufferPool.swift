import Foundation

/// A block of floats, 64-byte aligned, that goes back to the pool when its last owner lets go.
public final class Storage: @unchecked Sendable {
  // @unchecked: written by the operation that makes it, read-only afterwards.
  package let pointer: UnsafeMutablePointer<Float>
  let bytes: Int

  init(pointer: UnsafeMutablePointer<Float>, bytes: Int) {
    self.pointer = pointer
    self.bytes = bytes
  }

  deinit { BufferPool.shared.put(pointer, bytes: bytes) }
}

/// Keeps freed blocks by size, so that a training step allocates nothing after the first.
public final class BufferPool: @unchecked Sendable {
  // @unchecked: `free` is guarded by `lock`.
  public static let shared = BufferPool()
  private let lock = NSLock()
  private var free: [Int: [UnsafeMutablePointer<Float>]] = [:]

  /// A block for `count` floats with unspecified contents.
  package func take(count: Int) -> Storage {
    let bytes = (max(count, 1) * MemoryLayout<Float>.stride + 4095) / 4096 * 4096
    let kept = lock.withLock { free[bytes]?.popLast() }
    if let kept { return Storage(pointer: kept, bytes: bytes) }
    let fresh = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    return Storage(pointer: fresh.bindMemory(to: Float.self, capacity: bytes / 4), bytes: bytes)
  }

  func put(_ pointer: UnsafeMutablePointer<Float>, bytes: Int) {
    lock.withLock { free[bytes, default: []].append(pointer) }
  }

  /// Gives kept blocks back to the system, for example between training and evaluation.
  public func drain() {
    let kept = lock.withLock {
      defer { free = [:] }
      return free
    }
    for pointer in kept.values.joined() { pointer.deallocate() }
  }
}
