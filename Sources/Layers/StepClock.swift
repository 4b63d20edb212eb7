import Foundation
import Tensors

/// Where the time of training steps goes, by kind of work, as the thread that drives them sees it.
///
/// Work inside other work counts to the outer one, so that a gate's batch norm is the gate's time;
/// communication always counts to itself. What lies in no part is the step's overhead.
public final class StepClock {
  public enum Part: String, CaseIterable, Sendable {
    case convolutionForward = "convolution_forward"
    case convolutionBackwardData = "convolution_backward_data"
    case convolutionBackwardWeights = "convolution_backward_weights"
    /// Batch norm and what happens in the same passes over memory: ReLU, mask, residual sum; pooling.
    case elementwise
    case gate
    /// Heads and objective.
    case loss
    /// Waiting for other ranks' statistics and embeddings.
    case communication
    /// Waiting for gradient sums after backward.
    case gradients
    case optimizer
    /// Waiting for the loader.
    case data
  }

  public private(set) var seconds: [Part: Double] = [:]
  /// Threads inside a loop count too.
  private let lock = NSLock()
  /// Seconds that inner parts took from each part under way.
  private var inner: [Double] = []

  public init() {}

  /// Counts the time of `body` to `part`, unless another part is under way.
  public func time<T>(_ part: Part, _ body: () throws -> T) rethrows -> T {
    guard inner.isEmpty || part == .communication else { return try body() }
    let begin = ContinuousClock.now
    inner.append(0)
    defer {
      let elapsed = (ContinuousClock.now - begin) / .seconds(1)
      seconds[part, default: 0] += elapsed - inner.removeLast()
      if !inner.isEmpty { inner[inner.count - 1] += elapsed }
    }
    return try body()
  }

  /// Counts `body`, which is done inside a loop on `threads` threads that is under way as one part, to another: its
  /// share of the time that the loop takes.
  func timeInsideLoop<T>(_ part: Part, threads: Int, _ body: () throws -> T) rethrows -> T {
    let begin = ContinuousClock.now
    defer {
      let share = (ContinuousClock.now - begin) / .seconds(1) / Double(threads)
      lock.withLock {
        if inner.count == 1 {
          seconds[part, default: 0] += share
          inner[0] += share
        }
      }
    }
    return try body()
  }
}

extension Pass {
  /// Does `body`, on the clock if the pass has one.
  public func timed<T>(_ part: StepClock.Part, _ body: () throws -> T) rethrows -> T {
    guard let clock else { return try body() }
    return try clock.time(part, body)
  }
}

extension Pass {
  /// As `timed`, on any thread inside a loop over shards that is on the clock as another part.
  func timedInsideLoop<T>(_ part: StepClock.Part, _ body: () throws -> T) rethrows -> T {
    guard let clock else { return try body() }
    return try clock.timeInsideLoop(part, threads: min(pool.threads, shards), body)
  }
}

/// A reducer whose calls count as communication.
public final class TimedReducer: ShardReducer {
  private let reducer: any ShardReducer
  private let clock: StepClock

  public init(_ reducer: any ShardReducer, clock: StepClock) {
    self.reducer = reducer
    self.clock = clock
  }

  public var worldSize: Int { reducer.worldSize }
  public var rank: Int { reducer.rank }

  public func sum(_ rows: [Double], leaves: Int, width: Int) throws -> [Double] {
    try clock.time(.communication) { try reducer.sum(rows, leaves: leaves, width: width) }
  }

  public func sum(_ counts: [Int64]) throws -> [Int64] {
    try clock.time(.communication) { try reducer.sum(counts) }
  }

  public func gather(_ own: Tensor) throws -> Tensor {
    try clock.time(.communication) { try reducer.gather(own) }
  }
}
