import Foundation

/// A block of floats, 64-byte aligned, that goes back to the pool when its last owner lets go.
public final class Storage: @unchecked Sendable {
  // @unchecked: written by the operation that makes it, read-only afterwards.
  package let pointer: UnsafeMutablePointer<Float>
  private let pages: Range<Int>
  private let pool: BufferPool

  fileprivate init(_ pages: Range<Int>, of pool: BufferPool) {
    self.pages = pages
    self.pool = pool
    pointer = UnsafeMutablePointer(bitPattern: pages.lowerBound * BufferPool.pageSize)!
  }

  deinit { pool.put(pages) }
}

/// Where tensors come from: memory of its own in which freed neighbours become one block again, so that a training
/// step asks the system for nothing after the first, and takes no more than it uses at its fullest moment.
///
/// Blocks are whole pages. A request takes the upper end of the smallest free run that holds it, among equals of the
/// highest: every step walks down from the top and finds the pages that the last one wrote. Keeping freed blocks by
/// size instead took 1.5 GB where 0.9 are in use at once, because backward's maps never fit what forward had freed.
public final class BufferPool: @unchecked Sendable {
  // @unchecked: `free` and `used` are guarded by `lock`.
  public static let shared = BufferPool()
  /// For blocks that live within one call: between long-lived ones they would leave holes.
  public static let working = BufferPool()

  static let pageSize = 4096
  private let lock = NSLock()
  /// Runs of free pages by address, numbered from address 0; no two touch.
  private var free: [Range<Int>] = []
  private var used = 0

  public init() {}

  /// Bytes in use.
  public var usedBytes: Int { lock.withLock { used * Self.pageSize } }

  /// A block for `count` floats with unspecified contents. Ends the process if the system has no more memory.
  package func take(count: Int) -> Storage {
    let size = (max(count, 1) * MemoryLayout<Float>.stride + Self.pageSize - 1) / Self.pageSize
    return Storage(lock.withLock { takePages(size) }, of: self)
  }

  /// Gives what is not in use back to the system, for example between training and evaluation.
  public static func drainAll() {
    shared.drain()
    working.drain()
  }

  func drain() {
    lock.withLock {
      for run in free {
        madvise(Self.address(run.lowerBound), run.count * Self.pageSize, Int32(MADV_DONTNEED))
      }
    }
  }

  fileprivate func put(_ pages: Range<Int>) {
    lock.withLock {
      used -= pages.count
      insert(pages)
    }
  }

  // MARK: With the lock held

  private func takePages(_ size: Int) -> Range<Int> {
    if bestFit(size) == nil { grow(by: size) }
    guard let place = bestFit(size) else { preconditionFailure("memory that was added holds the request") }
    let run = free[place]
    let taken = run.upperBound - size..<run.upperBound
    if run.count == size { free.remove(at: place) } else { free[place] = run.lowerBound..<taken.lowerBound }
    used += size
    return taken
  }

  private func bestFit(_ size: Int) -> Int? {
    var best: Int?
    var bestCount = Int.max
    for (place, run) in free.enumerated() where run.count >= size && run.count <= bestCount {
      (best, bestCount) = (place, run.count)
    }
    return best
  }

  /// Adds a run and joins it with its neighbours.
  private func insert(_ pages: Range<Int>) {
    var (low, high) = (0, free.count)
    while low < high {
      let middle = (low + high) / 2
      if free[middle].lowerBound < pages.lowerBound { low = middle + 1 } else { high = middle }
    }
    var joined = pages
    var places = low..<low
    if low < free.count, free[low].lowerBound == pages.upperBound {
      joined = joined.lowerBound..<free[low].upperBound
      places = low..<low + 1
    }
    if low > 0, free[low - 1].upperBound == pages.lowerBound {
      joined = free[low - 1].lowerBound..<joined.upperBound
      places = low - 1..<places.upperBound
    }
    free.replaceSubrange(places, with: CollectionOfOne(joined))
  }

  /// Adds addresses for half of the machine's memory, or as many as a limit allows. They cost nothing until they are
  /// written; in smaller portions, other mappings came to lie between them, and blocks did not fit the gaps.
  private func grow(by size: Int) {
    let least = (size + 511) / 512 * 512
    var count = max(least, sysconf(Int32(_SC_PHYS_PAGES)) / 1024 * 512)
    var mapped = map(count)
    while mapped == nil, count > least {
      count = max(least, count / 1024 * 512)
      mapped = map(count)
    }
    guard let address = mapped else {
      fatalError("the system has no \(count >> 8) MiB more memory: \(String(cString: strerror(errno)))")
    }
    let bytes = count * Self.pageSize
    // Huge pages: a map of 32 MiB is 16 of them instead of 8,192 faults and as many entries of the TLB.
    madvise(address, bytes, Int32(MADV_HUGEPAGE))
    let first = Int(bitPattern: address) / Self.pageSize
    insert(first..<first + count)
  }

  private func map(_ pages: Int) -> UnsafeMutableRawPointer? {
    let protection = PROT_READ | PROT_WRITE
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    let address = mmap(nil, pages * Self.pageSize, protection, flags, -1, 0)
    return address == UnsafeMutableRawPointer(bitPattern: -1) ? nil : address
  }

  private static func address(_ page: Int) -> UnsafeMutableRawPointer? {
    UnsafeMutableRawPointer(bitPattern: page * pageSize)
  }
}
