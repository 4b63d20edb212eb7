import Foundation
import Synchronization
import Tensors
import Testing

@testable import Datasets

@Suite struct BlockCacheTests {
  private struct Unreadable: Error {}

  private func bytes(_ block: Int, _ count: Int = 10) -> [UInt8] {
    Array(repeating: UInt8(block), count: count)
  }

  @Test func aBlockLeavesWithItsLastImage() throws {
    let cache = BlockCache(capacity: 1000)
    for image in 0..<3 {
      #expect(try cache.block(1, images: 3) { bytes(1) } == bytes(1))
      #expect(cache.bytesInUse == (image < 2 ? 10 : 0))
    }
    #expect(cache.readCount == 1)
  }

  @Test func theLeastRecentlyUsedBlockLeavesWhenThereIsNoRoom() throws {
    let cache = BlockCache(capacity: 20)
    for block in [1, 2, 1, 3] { _ = try cache.block(block, images: 9) { bytes(block) } }
    #expect(cache.readCount == 3 && cache.bytesInUse == 20)
    _ = try cache.block(1, images: 9) { bytes(1) }
    #expect(cache.readCount == 3, "2 left, not 1")
    _ = try cache.block(2, images: 9) { bytes(2) }
    #expect(cache.readCount == 4)
    cache.reserve(1000)
    for block in [3, 1, 2, 3] { _ = try cache.block(block, images: 9) { bytes(block) } }
    #expect(cache.readCount <= 5)
  }

  @Test func aBlockLargerThanTheRoomIsHandedOut() throws {
    let cache = BlockCache(capacity: 5)
    #expect(try cache.block(1, images: 2) { bytes(1, 100) }.count == 100)
    #expect(try cache.block(2, images: 2) { bytes(2) } == bytes(2))
    #expect(cache.bytesInUse == 10)
  }

  /// All threads want the same block while it is being read.
  @Test func threadsWaitForOneRead() throws {
    let cache = BlockCache(capacity: 1000)
    let reads = Atomic<Int>(0)
    try WorkerPool(threads: 4).run(16) { _ in
      let found = try cache.block(7, images: 100) {
        reads.add(1, ordering: .relaxed)
        usleep(5000)
        return bytes(7)
      }
      if found != bytes(7) { throw Unreadable() }
    }
    #expect(reads.load(ordering: .relaxed) == 1)
  }

  @Test func aReadThatFailedIsTriedAgain() throws {
    let cache = BlockCache(capacity: 1000)
    #expect(throws: Unreadable.self) { try cache.block(1, images: 2) { throw Unreadable() } }
    #expect(try cache.block(1, images: 2) { bytes(1) } == bytes(1))
    #expect(cache.bytesInUse == 10)
  }
}
