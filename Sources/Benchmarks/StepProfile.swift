import Collectives
import Tensors

/// When a rank's training step asks for what, counted in seconds of its own work: waiting takes no time here.
public struct StepProfile: Equatable, Sendable {
  public enum Event: Equatable, Sendable {
    /// A blocking sum over the batch, of so many bytes.
    case statistics(bytes: Int)
    /// A blocking sum of counts, of so many bytes.
    case counts(bytes: Int)
    /// A blocking all-gather to which every rank brings so many bytes.
    case gather(bytes: Int)
    /// The gradients from this index on are final.
    case gradients(from: Int)
  }

  public struct Moment: Equatable, Sendable {
    public let seconds: Double
    public let event: Event

    public init(_ seconds: Double, _ event: Event) {
      (self.seconds, self.event) = (seconds, event)
    }
  }

  /// In the order of time.
  public let moments: [Moment]
  /// When backward is over, and the update waits for the sums of gradients.
  public let backwardEnd: Double
  /// The whole step.
  public let seconds: Double

  public init(moments: [Moment], backwardEnd: Double, seconds: Double) {
    (self.moments, self.backwardEnd, self.seconds) = (moments, backwardEnd, seconds)
  }

  /// The same step on a machine on which it takes `seconds`.
  public func scaled(to seconds: Double) -> StepProfile {
    let factor = seconds / self.seconds
    return StepProfile(
      moments: moments.map { Moment($0.seconds * factor, $0.event) }, backwardEnd: backwardEnd * factor,
      seconds: seconds)
  }
}

/// Notes what a step asks of other ranks, and answers as if it were alone.
final class ProfiledExchanges: ShardReducer, GradientSink {
  private let begin = ContinuousClock.now
  private var moments: [StepProfile.Moment] = []
  private var backwardEnd = 0.0
  private let alone = LocalShards()

  var worldSize: Int { 1 }
  var rank: Int { 0 }

  /// The profile of the step that has ended just now and began when this was made.
  var profile: StepProfile { StepProfile(moments: moments, backwardEnd: backwardEnd, seconds: now) }

  private var now: Double { (ContinuousClock.now - begin) / .seconds(1) }

  private func note(_ event: StepProfile.Event) { moments.append(.init(now, event)) }

  func sum(_ rows: [Double], leaves: Int, width: Int) throws -> [Double] {
    // A power-of-two run of shards sends its sum, any other one its rows (`Communicator.sum`).
    let sent = leaves & (leaves - 1) == 0 ? width : rows.count
    note(.statistics(bytes: sent * MemoryLayout<Double>.size))
    return try alone.sum(rows, leaves: leaves, width: width)
  }

  func sum(_ counts: [Int64]) throws -> [Int64] {
    note(.counts(bytes: counts.count * MemoryLayout<Int64>.size))
    return counts
  }

  func gather(_ own: Tensor) throws -> Tensor {
    note(.gather(bytes: own.count * MemoryLayout<Float>.size))
    return try alone.gather(own)
  }

  func ready(downTo start: Int) { note(.gradients(from: start)) }

  func progress() {}

  func finish() -> GradientWaits {
    backwardEnd = now
    return .none
  }
}
