import Foundation
import Layers
import Tensors

/// Several ranks in one process: each is a thread, and exchanges meet at a barrier. What a communicator does
/// between processes, without MPI.
public struct ThreadRanks: Sendable {
  public let count: Int

  public init(_ count: Int) { self.count = count }

  /// Calls `body` on every rank's thread and returns what it returned, by rank.
  ///
  /// - Throws: The error of the lowest rank that failed by itself.
  public func run<Result: Sendable>(
    _ body: @escaping @Sendable (ThreadRank) throws -> Result
  ) throws -> [Result] {
    let meeting = Meeting(count)
    let results = Results<Result>(count)
    let finished = DispatchGroup()
    for rank in 0..<count {
      finished.enter()
      let thread = Thread {
        let result = Swift.Result { try body(ThreadRank(rank, meeting)) }
        if case .failure = result { meeting.abandon() }
        results.set(result, rank)
        finished.leave()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    finished.wait()
    return try results.get()
  }
}

/// One rank's end of the exchanges.
public final class ThreadRank: ShardReducer {
  public let rank: Int
  private let meeting: Meeting

  fileprivate init(_ rank: Int, _ meeting: Meeting) {
    self.rank = rank
    self.meeting = meeting
  }

  public var worldSize: Int { meeting.count }

  public func sum(_ rows: [Double], leaves: Int, width: Int) throws -> [Double] {
    let all = try meeting.exchange(rows, rank)
    return ShardTree.sum(all.flatMap(\.self), leaves: leaves * worldSize, width: width)
  }

  public func sum(_ counts: [Int64]) throws -> [Int64] {
    let all = try meeting.exchange(counts, rank)
    return counts.indices.map { i in all.reduce(0) { $0 + $1[i] } }
  }

  public func gather(
    _ values: UnsafeBufferPointer<Float>, into all: UnsafeMutableBufferPointer<Float>
  ) throws {
    _ = all.update(fromContentsOf: try meeting.exchange(Array(values), rank).flatMap(\.self))
  }

  /// Replaces all gradients by their sums over ranks, added in floats along `ShardTree`.
  public func sumGradients(_ store: ParameterStore) throws {
    let all = try meeting.exchange(Array(store.gradients), rank)
    func sum(_ ranks: Range<Int>) -> [Float] {
      guard ranks.count > 1 else { return all[ranks.lowerBound] }
      let middle = ranks.lowerBound + ShardTree.split(ranks.count)
      return zip(sum(ranks.lowerBound..<middle), sum(middle..<ranks.upperBound)).map(+)
    }
    _ = store.gradients.update(fromContentsOf: sum(0..<worldSize))
  }
}

/// Thrown to the other ranks when one has failed.
private struct Abandoned: Error {}

/// Where ranks meet: nobody leaves before everybody has brought something.
private final class Meeting: @unchecked Sendable {
  // @unchecked: everything but `count` is guarded by `condition`.
  let count: Int
  private let condition = NSCondition()
  private var brought: [Int: any Sendable] = [:]
  private var shared: [any Sendable] = []
  private var round = 0
  private var isAbandoned = false

  init(_ count: Int) { self.count = count }

  func exchange<Value: Sendable>(_ value: Value, _ rank: Int) throws -> [Value] {
    condition.lock()
    defer { condition.unlock() }
    let mine = round
    brought[rank] = value
    if brought.count == count {
      shared = (0..<count).map { brought[$0]! }
      brought = [:]
      round += 1
      condition.broadcast()
    }
    while round == mine, !isAbandoned { condition.wait() }
    guard round != mine, let values = shared as? [Value] else { throw Abandoned() }
    return values
  }

  func abandon() {
    condition.withLock {
      isAbandoned = true
      condition.broadcast()
    }
  }
}

private final class Results<Value>: @unchecked Sendable {
  // @unchecked: `values` is guarded by `lock`.
  private let lock = NSLock()
  private var values: [Result<Value, any Error>?]

  init(_ count: Int) { values = Array(repeating: nil, count: count) }

  func set(_ value: Result<Value, any Error>, _ rank: Int) { lock.withLock { values[rank] = value } }

  func get() throws -> [Value] {
    let all = lock.withLock { values.compactMap(\.self) }
    for case .failure(let error) in all where !(error is Abandoned) { throw error }
    return try all.map { try $0.get() }
  }
}
