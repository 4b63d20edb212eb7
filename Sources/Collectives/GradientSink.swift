/// Replaces a rank's gradients by their sums over ranks while backward still runs: `GradientReducer`, or what stands
/// in for it in tests and benchmarks.
public protocol GradientSink: AnyObject {
  /// The gradients from index `start` on are final. Until `finish` returns they belong to the sink.
  func ready(downTo start: Int) throws
  /// Lets communication proceed; called often, and does not wait.
  func progress() throws
  /// Returns when every gradient is the sum over ranks.
  func finish() throws -> GradientWaits
}

/// The world of one: a rank's gradients are the sums.
public final class LocalGradients: GradientSink {
  public init() {}
  public func ready(downTo start: Int) {}
  public func progress() {}
  public func finish() -> GradientWaits { .none }
}

/// How long one step's gradient sum took.
public struct GradientWaits: Equatable, Sendable {
  /// What it cost the step after backward: the seconds inside `finish`.
  public let exposedSeconds: Double
  /// From the first `ready` to the end of `finish`.
  public let totalSeconds: Double

  public static let none = GradientWaits(exposedSeconds: 0, totalSeconds: 0)

  public init(exposedSeconds: Double, totalSeconds: Double) {
    self.exposedSeconds = exposedSeconds
    self.totalSeconds = totalSeconds
  }
}
