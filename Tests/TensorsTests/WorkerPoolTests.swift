import Foundation
import Synchronization
import Tensors
import Testing

@Suite struct WorkerPoolTests {
  private struct Failure: Error, Equatable { let piece: Int }

  @Test(arguments: [1, 2, 5], [0, 1, 2, 7, 100])
  func everyPieceIsDoneOnce(threads: Int, count: Int) throws {
    let pool = WorkerPool(threads: threads)
    for _ in 0..<50 {
      let done = Mutex([Int](repeating: 0, count: count))
      try pool.run(count) { piece in done.withLock { $0[piece] += 1 } }
      let times = done.withLock { $0 }
      #expect(times.allSatisfy { $0 == 1 })
    }
  }

  @Test(arguments: [1, 3], [0, 1, 50]) func aMapKeepsTheOrder(threads: Int, count: Int) throws {
    let pool = WorkerPool(threads: threads)
    #expect(try pool.map(count) { "\($0)" } == (0..<count).map { "\($0)" })
    #expect(throws: Failure(piece: 0)) { try pool.map(3) { _ -> Int in throw Failure(piece: 0) } }
  }

  /// Workers sleep by then.
  @Test func loopsAfterAPauseAreDone() throws {
    let pool = WorkerPool(threads: 3)
    for _ in 0..<3 {
      let done = Atomic<Int>(0)
      try pool.run(10) { _ in done.add(1, ordering: .relaxed) }
      #expect(done.load(ordering: .relaxed) == 10)
      Thread.sleep(forTimeInterval: 0.005)
    }
  }

  @Test(arguments: [1, 3])
  func theLowestFailureIsThrown(threads: Int) {
    let pool = WorkerPool(threads: threads)
    #expect(throws: Failure(piece: 3)) {
      try pool.run(threads == 1 ? 4 : 20) { piece in if piece % 8 == 3 { throw Failure(piece: piece) } }
    }
  }

  @Test(arguments: [1, 3])
  func theCallerIsCalledBetweenItsPiecesOnly(threads: Int) throws {
    let pool = WorkerPool(threads: threads)
    let caller = Thread.current
    let own = Mutex(0)
    var calls = 0
    try pool.run(
      50,
      between: {
        #expect(Thread.current === caller)
        calls += 1
      },
      { _ in
        if Thread.current === caller { own.withLock { $0 += 1 } }
        Thread.sleep(forTimeInterval: 1e-4)
      })
    let ownPieces = own.withLock { $0 }
    #expect(calls == ownPieces)
    #expect(threads > 1 || calls == 50)
  }

  @Test(arguments: [1, 3])
  func whatFailsBetweenPiecesIsThrown(threads: Int) {
    let pool = WorkerPool(threads: threads)
    #expect(throws: Failure(piece: -1)) {
      try pool.run(20, between: { throw Failure(piece: -1) }, { _ in Thread.sleep(forTimeInterval: 1e-4) })
    }
  }
}
