import Foundation

/// Blocks that were read and are not used up, shared by the threads of a rank.
///
/// A block leaves when each of its images was handed out: an epoch asks for each once. Those that are not asked
/// for to the end (a part belongs to another rank, or to no batch) leave as the least recently used ones when
/// there is no room.
final class BlockCache: @unchecked Sendable {
  // @unchecked: everything that changes is guarded by `condition`.
  private let condition = NSCondition()
  private var entries: [Int: Entry] = [:]
  private var time = 0
  private var heldBytes = 0
  private var capacity: Int
  private var reads = 0

  private final class Entry {
    /// nil: a thread is reading it.
    var bytes: [UInt8]?
    var lastUse = 0
    var imagesLeft = 0
  }

  /// - Parameter capacity: Bytes; the block in use stays even if it is larger.
  init(capacity: Int) { self.capacity = capacity }

  /// Makes room for at least this many bytes.
  func reserve(_ bytes: Int) { condition.withLock { capacity = max(capacity, bytes) } }

  /// How often a block was read since the start.
  var readCount: Int { condition.withLock { reads } }
  var bytesInUse: Int { condition.withLock { heldBytes } }

  /// A block, for one of its images. Threads that ask for the same block wait for one read.
  ///
  /// - Parameters:
  ///   - images: In the block.
  ///   - read: Called without the lock.
  func block(_ number: Int, images: Int, read: () throws -> [UInt8]) throws -> [UInt8] {
    condition.lock()
    defer { condition.unlock() }
    while let entry = entries[number] {
      if let bytes = entry.bytes {
        use(entry, number)
        return bytes
      }
      condition.wait()
    }
    let entry = Entry()
    entry.imagesLeft = images
    entries[number] = entry
    condition.unlock()
    let result = Result(catching: read)
    condition.lock()
    condition.broadcast()
    guard case .success(let bytes) = result else {
      // Who waits reads for himself, and hears the reason himself.
      entries[number] = nil
      return try result.get()
    }
    entry.bytes = bytes
    heldBytes += bytes.count
    reads += 1
    use(entry, number)
    makeRoom(keeping: number)
    return bytes
  }

  /// The lock is held.
  private func use(_ entry: Entry, _ number: Int) {
    time += 1
    entry.lastUse = time
    entry.imagesLeft -= 1
    if entry.imagesLeft == 0 { drop(number) }
  }

  /// The lock is held.
  private func makeRoom(keeping number: Int) {
    while heldBytes > capacity,
      let oldest = entries.filter({ $0.key != number && $0.value.bytes != nil })
        .min(by: { $0.value.lastUse < $1.value.lastUse })
    { drop(oldest.key) }
  }

  /// The lock is held.
  private func drop(_ number: Int) {
    heldBytes -= entries.removeValue(forKey: number)?.bytes?.count ?? 0
  }
}
