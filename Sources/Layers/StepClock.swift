import Foundation
import Tensors

/// Where the time of training steps goes, by kind of work, as the thread that drives them sees it.
///
/// Work inside other work counts to the outer one, so that a gate's batch norm is the gate's time;
/// communication always counts to itself. What lies in no part is the step's overhead.
public final class StepClock {
  /// A kind of work. Whoever does the work names its kind.
  public struct Part: Hashable, Sendable {
    /// As reports show it, for example `convolution_forward`.
    public let name: String

    public init(_ name: String) { self.name = name }
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

extension StepClock.Part {
  public static let convolutionForward = Self("convolution_forward")
  public static let convolutionBackwardData = Self("convolution_backward_data")
  public static let convolutionBackwardWeights = Self("convolution_backward_weights")
  /// Batch norm and what happens in the same passes over memory: ReLU, mask, residual sum; pooling.
  public static let elementwise = Self("elementwise")
  public static let gate = Self("gate")
  /// Waiting for other ranks' statistics and embeddings.
  public static let communication = Self("communication")
}

/// A reducer whose calls count as communication.
final class TimedReducer: ShardReducer {
  private let reducer: any ShardReducer
  private let clock: StepClock

  init(_ reducer: any ShardReducer, clock: StepClock) {
    self.reducer = reducer
    self.clock = clock
  }

  var worldSize: Int { reducer.worldSize }
  var rank: Int { reducer.rank }

  func sum(_ rows: [Double], leaves: Int, width: Int) throws -> [Double] {
    try clock.time(.communication) { try reducer.sum(rows, leaves: leaves, width: width) }
  }

  func sum(_ counts: [Int64]) throws -> [Int64] {
    try clock.time(.communication) { try reducer.sum(counts) }
  }

  func gather(_ own: Tensor) throws -> Tensor {
    try clock.time(.communication) { try reducer.gather(own) }
  }
}
