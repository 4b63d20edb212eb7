/// How much longer a run takes, from how long its parts took so far. Knows no clock: durations are handed in.
///
/// Steps, evaluations and checkpoints that remain are each counted and multiplied by their mean duration. A
/// mean rather than a median, because a sum is foretold: what is slow once an epoch has to count. The first,
/// slow steps are forgotten by `RecentMean`.
public struct TimeLeft: Sendable {
  /// What a run's time goes to.
  public enum Part: Sendable { case step, evaluation, checkpoint }

  private struct Work {
    var remaining: Int
    var seconds = RecentMean()
  }
  private var steps: Work
  private var evaluations: Work
  private var checkpoints: Work
  private let evaluationInSteps: Double

  /// - Parameters:
  ///   - steps: Steps that remain; evaluations and checkpoints in the same way.
  ///   - evaluationInSteps: How many steps an evaluation probably takes as long as; used until one was
  ///     measured, as a run that goes on from a checkpoint begins with steps.
  public init(steps: Int, evaluations: Int, checkpoints: Int, evaluationInSteps: Double) {
    self.steps = Work(remaining: steps)
    self.evaluations = Work(remaining: evaluations)
    self.checkpoints = Work(remaining: checkpoints)
    self.evaluationInSteps = evaluationInSteps
  }

  /// Takes note that one more part is done, and took so many seconds.
  public mutating func finish(_ part: Part, seconds: Double) {
    switch part {
    case .step: Self.finish(&steps, seconds)
    case .evaluation: Self.finish(&evaluations, seconds)
    case .checkpoint: Self.finish(&checkpoints, seconds)
    }
  }

  private static func finish(_ work: inout Work, _ seconds: Double) {
    work.remaining = max(0, work.remaining - 1)
    work.seconds.add(seconds)
  }

  /// What a step takes at present; nil before the first.
  public var secondsPerStep: Double? { steps.seconds.value }

  /// Seconds to the end of the run; nil while steps remain and too few were taken to tell.
  ///
  /// - Parameter evaluated: The share of the evaluation under way that is done, in [0, 1].
  public func seconds(evaluated: Double = 0) -> Double? {
    // The first step sets up kernels and buffers; from the fourth on its time no longer counts.
    guard steps.remaining == 0 || steps.seconds.count >= 4 else { return nil }
    let step = steps.seconds.value ?? 0
    let evaluation = evaluations.seconds.value ?? evaluationInSteps * step
    return Double(steps.remaining) * step
      + max(0, Double(evaluations.remaining) - evaluated) * evaluation
      + Double(checkpoints.remaining) * (checkpoints.seconds.value ?? 0)
  }

  /// How often after step `start`, up to and with step `end`, something happens that is due every so many
  /// steps (0: never) and in any case at the end.
  public static func occurrences(every steps: Int, after start: Int, through end: Int) -> Int {
    guard end > start else { return 0 }
    guard steps > 0 else { return 1 }
    return end / steps - start / steps + (end % steps == 0 ? 0 : 1)
  }
}
