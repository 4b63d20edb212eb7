import Foundation
import Foundations
import Synchronization

/// The threads of one rank. They take the numbered pieces of a loop one after the other; which thread takes
/// which piece never changes a result, because pieces write to disjoint places.
public final class WorkerPool: Sendable {
  /// How many threads work, the calling one included.
  public let threads: Int
  private let queue = Queue()

  /// - Parameters:
  ///   - threads: At least 1; a pool of 1 runs everything on the caller.
  ///   - prepare: Called once on every thread, the calling one included, before it takes any work.
  public init(threads: Int, prepare: @escaping @Sendable () -> Void = {}) {
    precondition(threads >= 1, "a pool needs at least one thread")
    self.threads = threads
    prepare()
    for number in 1..<max(threads, 1) {
      startThread("sluice-\(number)") { [queue] in
        prepare()
        queue.work()
      }
    }
  }

  deinit { queue.stop() }

  /// Calls `body` once for every number of 0 ..< `count` and returns when all calls have returned.
  ///
  /// - Parameter between: Called on the calling thread after each piece that it took itself.
  /// - Throws: The error of the lowest piece that threw, or after which `between` threw.
  public func run(_ count: Int, between: () throws -> Void = {}, _ body: (Int) throws -> Void) throws {
    guard threads > 1, count > 1 else {
      for piece in 0..<count {
        try body(piece)
        try between()
      }
      return
    }
    try withoutActuallyEscaping(body) { body in
      try queue.run(Job(count: count, body: body), between: between)
    }
  }
}

extension WorkerPool {
  /// What `body` gives for every number of 0 ..< `count`, in their order.
  ///
  /// - Parameter between: As in `run`.
  /// - Throws: The error of the lowest piece that threw, or after which `between` threw.
  public func map<Value>(
    _ count: Int, between: () throws -> Void = {}, _ body: (Int) throws -> Value
  ) throws -> [Value] {
    var values = [Value?](repeating: nil, count: count)
    try values.withUnsafeMutableBufferPointer { values in
      nonisolated(unsafe) let values = values  // each piece fills its own place
      try run(count, between: between) { values[$0] = try body($0) }
    }
    return values.map { $0! }
  }
}

/// One loop: the pieces not yet taken and not yet finished.
private final class Job {
  let count: Int
  let body: (Int) throws -> Void
  var next = 0
  var unfinished: Int
  var failure: (piece: Int, error: any Error)?

  init(count: Int, body: @escaping (Int) throws -> Void) {
    self.count = count
    self.body = body
    unfinished = count
  }
}

/// What the threads of a pool share. Workers own it, not the pool, so that a pool can end while they wait.
private final class Queue: @unchecked Sendable {
  // @unchecked: `job` and `stopped` are guarded by `condition`.
  private let condition = NSCondition()
  private var job: Job?
  private var stopped = false
  /// Counts what somebody may wait for: a new job, the end of one, the end of the pool.
  private let events = Atomic<UInt>(0)

  /// How long a thread looks out for the next event before it sleeps. A step has hundreds of loops with little
  /// between them, and waking a thread takes the system about as long.
  private static let patience = Duration.microseconds(100)

  func run(_ job: Job, between: () throws -> Void) throws {
    condition.lock()
    self.job = job
    announce()
    take(from: job, between: between)
    wait { job.unfinished == 0 }
    self.job = nil
    condition.unlock()
    if let failure = job.failure { throw failure.error }
  }

  /// The life of a worker.
  func work() {
    condition.lock()
    while true {
      wait { stopped || job.map { $0.next < $0.count } ?? false }
      guard !stopped, let job else { break }
      take(from: job)
    }
    condition.unlock()
  }

  /// Returns when `isOver`. The lock is held on entry and on return.
  private func wait(until isOver: () -> Bool) {
    while !isOver() {
      let seen = events.load(ordering: .relaxed)
      condition.unlock()
      let end = ContinuousClock.now + Self.patience
      while events.load(ordering: .relaxed) == seen, ContinuousClock.now < end {}
      condition.lock()
      // Events are counted under the lock: none can come between this look and sleep.
      if events.load(ordering: .relaxed) == seen { condition.wait() }
    }
  }

  /// Tells everybody who waits to look. The lock is held.
  private func announce() {
    events.add(1, ordering: .relaxed)
    condition.broadcast()
  }

  func stop() {
    condition.lock()
    stopped = true
    announce()
    condition.unlock()
  }

  /// Works on pieces of `job` until none is left to take. The lock is held on entry and on return.
  private func take(from job: Job, between: () throws -> Void = {}) {
    while job.next < job.count {
      let piece = job.next
      job.next += 1
      condition.unlock()
      var thrown: (any Error)?
      do {
        try job.body(piece)
        try between()
      } catch { thrown = error }
      condition.lock()
      if let thrown, piece < job.failure?.piece ?? .max { job.failure = (piece, thrown) }
      job.unfinished -= 1
      if job.unfinished == 0 { announce() }
    }
  }
}
