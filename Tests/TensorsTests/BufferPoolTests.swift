import Foundation
import Testing

@testable import Tensors

@Suite struct BufferPoolTests {
  private static let pageFloats = BufferPool.pageSize / 4

  private func address(_ storage: Storage) -> Int { Int(bitPattern: storage.pointer) }

  @Test(arguments: [0, 1, 1023, 1024, 1025, 100_000]) func blocksAreWholePages(count: Int) {
    let pool = BufferPool()
    let block = pool.take(count: count)
    withExtendedLifetime(block) {
      #expect(address(block) % BufferPool.pageSize == 0)
      #expect(pool.usedBytes % BufferPool.pageSize == 0)
      #expect(pool.usedBytes >= max(count, 1) * 4 && pool.usedBytes < count * 4 + 2 * BufferPool.pageSize)
    }
  }

  /// Also where it is done without writing.
  @Test(arguments: [1, 1025, 600_000]) func aClearedBlockIsZero(count: Int) {
    let pool = BufferPool()
    let before = pool.take(count: 1)
    let block = pool.take(count: count)
    let behind = pool.take(count: 1)
    for block in [before, behind] { block.pointer.pointee = 1 }
    block.pointer.update(repeating: 1, count: count)
    block.clear()
    #expect((0..<count).allSatisfy { block.pointer[$0] == 0 })
    #expect(before.pointer.pointee == 1 && behind.pointer.pointee == 1)
  }

  /// What was three blocks becomes one again, whatever the order in which they come back.
  @Test(arguments: [[0, 1, 2], [2, 1, 0], [0, 2, 1], [1, 0, 2]]) func freedNeighboursJoin(order: [Int]) {
    let pool = BufferPool()
    var blocks: [Storage?] = (0..<3).map { _ in pool.take(count: 10 * Self.pageFloats) }
    let fence = pool.take(count: 1)
    let first = blocks.compactMap { $0.map(address) }.min()
    for index in order { blocks[index] = nil }
    let whole = pool.take(count: 30 * Self.pageFloats)
    #expect(address(whole) == first)
    withExtendedLifetime(fence) {}
  }

  /// A request takes the smallest hole that holds it, not the first.
  @Test func theSmallestHoleIsTaken() {
    let pool = BufferPool()
    var blocks: [Storage?] = [8, 1, 4, 1, 6, 1].map { pool.take(count: $0 * Self.pageFloats) }
    let hole = blocks[2].map(address)
    for index in [0, 2, 4] { blocks[index] = nil }
    let found = pool.take(count: 3 * Self.pageFloats)
    #expect(address(found) == hole.map { $0 + BufferPool.pageSize })
    let rest = pool.take(count: Self.pageFloats)
    #expect(address(rest) == hole)
    withExtendedLifetime((blocks, found)) {}
  }

  /// Another step takes the addresses of the one before, also where the pool grew in between.
  @Test func theSameRequestsFindTheSameAddresses() {
    let pool = BufferPool()
    func step() -> [Int] {
      let blocks = (0..<10).map { pool.take(count: 10_000_000 + $0 * 1_000_000) }
      return blocks.map(address)
    }
    let first = step()
    #expect(step() == first)
  }

  /// More than the system gives at a time.
  @Test func largeBlocksAndManyBlocksFit() {
    let pool = BufferPool()
    let large = pool.take(count: 100_000_000)
    large.pointer[99_999_999] = 1
    let more = (0..<20).map { _ in pool.take(count: 5_000_000) }
    #expect(Set(more.map(address)).count == 20)
    withExtendedLifetime((large, more)) { #expect(pool.usedBytes >= 800_000_000) }
  }

  /// Every thread fills what it takes with its own number and finds it unchanged before it gives it back.
  @Test func blocksInUseNeverOverlap() {
    let pool = BufferPool()
    let damaged = Damage()
    DispatchQueue.concurrentPerform(iterations: 8) { number in
      let draws = RandomDraws(seed: 5, purpose: .test, index: number)
      var held: [(storage: Storage, count: Int, mark: Float)] = []
      for step in 0..<2000 {
        if held.count > 12 || (!held.isEmpty && draws.integer(2 * step, below: 2) == 0) {
          let (storage, count, mark) = held.remove(at: draws.integer(2 * step + 1, below: held.count))
          let isWhole = UnsafeBufferPointer(start: storage.pointer, count: count).allSatisfy { $0 == mark }
          if !isWhole { damaged.add() }
        } else {
          let count = 1 + draws.integer(2 * step + 1, below: 20_000)
          let storage = pool.take(count: count)
          let mark = Float(number * 10_000 + step)
          storage.pointer.update(repeating: mark, count: count)
          held.append((storage, count, mark))
        }
      }
    }
    #expect(damaged.count == 0)
    #expect(pool.usedBytes == 0)
  }

  /// What is in use keeps its numbers; what is not reads as zeros, as fresh memory does.
  @Test func drainingGivesBackWhatIsFree() {
    let pool = BufferPool()
    let kept = pool.take(count: 4 * Self.pageFloats)
    kept.pointer.update(repeating: 3, count: 4 * Self.pageFloats)
    var freed: Storage? = pool.take(count: 1_000_000)
    freed?.pointer.update(repeating: 7, count: 1_000_000)
    freed = nil
    pool.drain()
    #expect(UnsafeBufferPointer(start: kept.pointer, count: 4 * Self.pageFloats).allSatisfy { $0 == 3 })
    let again = pool.take(count: 1_000_000)
    #expect(UnsafeBufferPointer(start: again.pointer, count: 1_000_000).allSatisfy { $0 == 0 })
  }
}

/// @unchecked: guarded by `lock`.
private final class Damage: @unchecked Sendable {
  private let lock = NSLock()
  private var blocks = 0
  func add() { lock.withLock { blocks += 1 } }
  var count: Int { lock.withLock { blocks } }
}
