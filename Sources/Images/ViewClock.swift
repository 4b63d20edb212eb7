/// Where the time of making views goes, by kind of work. For one thread.
public final class ViewClock {
  public enum Part: String, CaseIterable, Sendable {
    /// Fetching an image's bytes, which is not done here.
    case read
    case decode
    /// Cropping and resizing.
    case resize
    /// Jitter, grey, solarisation, flip.
    case color
    case blur
    case normalize
  }

  public private(set) var seconds: [Part: Double] = [:]

  private let now: () -> ContinuousClock.Instant

  /// - Parameter now: What the time is.
  public init(now: @escaping () -> ContinuousClock.Instant = { .now }) { self.now = now }

  /// Counts the time of `body` to `part`.
  public func time<Result, Failure: Error>(
    _ part: Part, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let begin = now()
    defer { seconds[part, default: 0] += (now() - begin) / .seconds(1) }
    return try body()
  }
}

extension ViewClock? {
  /// Counts the time of `body` where there is a clock.
  package func time<Result, Failure: Error>(
    _ part: ViewClock.Part, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let clock = self else { return try body() }
    return try clock.time(part, body)
  }
}
