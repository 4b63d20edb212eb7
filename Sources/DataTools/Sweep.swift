import Collectives
import Synchronization
import Tensors

/// Work on many numbered things, shared by ranks and their threads: rank r of W takes r, r + W, r + 2W, …, so that
/// things of one kind, which lie beside each other, do not all fall to one rank.
struct Sweep {
  let communicator: Communicator
  let pool: WorkerPool

  /// Calls `body` for every number of this rank's share of 0 ..< `count`; returns what it returned, in their order.
  ///
  /// - Parameter progress: Is told now and then the share of this rank's work that is done, on the calling thread.
  func map<Value>(
    _ count: Int, progress: (Double) -> Void = { _ in }, _ body: (Int) throws -> Value
  ) throws -> [Value] {
    let share = Array(stride(from: communicator.rank, to: count, by: communicator.worldSize))
    let done = Atomic<Int>(0)
    return try pool.map(
      share.count, between: { progress(Double(done.load(ordering: .relaxed)) / Double(share.count)) }
    ) { place in
      let value = try body(share[place])
      done.add(1, ordering: .relaxed)
      return value
    }
  }
}
