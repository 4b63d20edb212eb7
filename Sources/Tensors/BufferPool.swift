import Foundation
import Foundations
import Machine

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

  /// Sets all of it to 0. Of a large block this writes nothing: the system hands out zeros for pages that were given back,
  /// so that a network may be made before it is known whether its weights fit.
  package func clear() {
    let bytes = pages.count * BufferPool.pageSize
    if bytes < 2 << 20 || madvise(pointer, bytes, Int32(MADV_DONTNEED)) != 0 { memset(pointer, 0, bytes) }
  }
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

  /// A block for `count` floats with unspecified contents. Where the system has no more memory, that is the end of the
  /// job (`Emergency`).
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

  /// Adds addresses for half of the machine's memory, which cost nothing until they are written; in smaller portions,
  /// other mappings came to lie between them, and blocks did not fit the gaps. Where addresses are limited, only what
  /// is needed: threads and libraries take theirs later.
  private func grow(by size: Int) {
    let space = AddressSpace()
    let least = Self.whole(size, Self.hugePage)
    let wished =
      space == nil
      ? sysconf(Int32(_SC_PHYS_PAGES)) / 1024 * Self.hugePage : Self.whole(size, Self.limitedPortion)
    for count in [max(least, wished), least] where space?.holds(count * Self.pageSize) ?? true {
      guard let address = map(count) else { continue }
      // Huge pages: a map of 32 MiB is 16 of them instead of 8,192 faults and as many entries of the TLB.
      madvise(address, count * Self.pageSize, Int32(MADV_HUGEPAGE))
      let first = Int(bitPattern: address) / Self.pageSize
      insert(first..<first + count)
      return
    }
    Emergency.end(
      "out of memory: tensors need \(memoryText(Double(least * Self.pageSize))) more, and "
        + "\(space?.words ?? "the system has none left"): ask for more memory, or take a smaller batch.global, "
        + "batch.micro, memory.recompute=true or fewer threads")
  }

  /// In pages: 2 MiB, and 64 MiB.
  private static let hugePage = 512
  private static let limitedPortion = 32 * hugePage

  private static func whole(_ pages: Int, _ unit: Int) -> Int { (pages + unit - 1) / unit * unit }

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
