import Collectives
import Foundation

/// Several ranks in one process: each is a thread with a communicator of its own, whose channels meet in memory. What
/// mpirun and MPI do between processes, for tests that need nothing else of a second process.
public struct ThreadRanks: Sendable {
  public let count: Int

  public init(_ count: Int) { self.count = count }

  /// Calls `body` on every rank's thread and returns what it returned, by rank. A world of one talks to nobody.
  ///
  /// - Throws: The error of the lowest rank that failed by itself; the others are freed from waiting for it.
  public func run<Result: Sendable>(
    _ body: @escaping @Sendable (Communicator) throws -> Result
  ) throws -> [Result] {
    let meetings = (0..<4).map { _ in ThreadMeeting(ranks: count) }
    let results = Results<Result>(count)
    let finished = DispatchGroup()
    for rank in 0..<count {
      finished.enter()
      let thread = Thread { [count] in
        let result = Swift.Result {
          try body(count == 1 ? .alone() : communicator(rank, meetings))
        }
        if case .failure = result { for meeting in meetings { meeting.abandon() } }
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

private func communicator(_ rank: Int, _ meetings: [ThreadMeeting]) -> Communicator {
  let channels = meetings.map { ThreadChannel(rank: rank, $0) }
  return Communicator(
    channels: Communicator.Channels(
      statistics: channels[0], control: channels[1], scatter: channels[2], gather: channels[3]))
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
