import Foundation
import Metrics

/// Notices when the projections of different images become alike, and says so once for each measure.
///
/// A measure's level is its median over the last lines. It has fallen when it is below a fixed floor or below a
/// share of the best level since warm-up: untrained networks may start low, and SimSiam's start with a rank that
/// training soon lowers for good.
struct CollapseWatch {
  private var deviation: FallDetector
  private var rank: FallDetector
  private let advice: String

  /// - Parameters:
  ///   - advice: What may help besides the optimizer's keys, see `ObjectiveSettings.collapseAdvice`.
  ///   - warmupSteps: Steps in which a measure that has never been good is no cause for alarm.
  ///   - history: The lines of a run that goes on: what they made known is not said again.
  init(advice: String, warmupSteps: Int, history: [MetricsWriter.KeptLine] = []) {
    self.advice = advice
    deviation = FallDetector(floor: 0.1, shareOfBest: 0.2, warmupSteps: warmupSteps)
    rank = FallDetector(floor: 2, shareOfBest: 0.1, warmupSteps: warmupSteps)
    for line in history {
      guard let deviation = line.embeddingStd, let rank = line.effectiveRank else { continue }
      _ = observe(step: line.step, embeddingStd: deviation, effectiveRank: rank)
    }
  }

  /// Takes a line of metrics.
  mutating func observe(_ metrics: TrainingMetrics) -> [String] {
    guard let deviation = metrics.embeddingStd, let rank = metrics.effectiveRank else { return [] }
    return observe(step: metrics.step, embeddingStd: deviation, effectiveRank: rank)
  }

  /// Takes the measures of one line of metrics, in the order of steps.
  ///
  /// - Returns: A warning for each measure that is now known to have fallen.
  mutating func observe(step: Int, embeddingStd: Double, effectiveRank: Double) -> [String] {
    var warnings: [String] = []
    if let level = deviation.observe(embeddingStd, step: step) {
      warnings.append(
        text("embedding_std, 1 where all directions are used and 0 where all images are alike,", level, step))
    }
    if let level = rank.observe(effectiveRank, step: step) {
      warnings.append(text("effective_rank, the number of directions in which images differ,", level, step))
    }
    return warnings
  }

  private func text(_ measure: String, _ level: Double, _ step: Int) -> String {
    "step \(step): the projections of different images are collapsing: \(measure) has fallen to "
      + String(format: "%.2g", level) + "; what usually helps is a lower optimizer.learning_rate or "
      + "optimizer.weight_decay, a longer schedule.warmup_epochs or \(advice)"
  }
}

/// Notices when the level of a number has fallen.
struct FallDetector {
  /// A level is the median of at least so many lines, which cover at least so many steps.
  static let lines = 5
  static let steps = 50

  let floor: Double
  let shareOfBest: Double
  let warmupSteps: Int
  private var recent: [(step: Int, value: Double)] = []
  /// The best level since warm-up.
  private var best = 0.0
  /// Whether a level was well above the floor, ever.
  private var wasGood = false
  private var hasFallen = false

  init(floor: Double, shareOfBest: Double, warmupSteps: Int) {
    self.floor = floor
    self.shareOfBest = shareOfBest
    self.warmupSteps = warmupSteps
  }

  /// - Parameter value: Not a number is as low as can be.
  /// - Returns: Once, when it has fallen: the level.
  mutating func observe(_ value: Double, step: Int) -> Double? {
    recent.append((step, value.isNaN ? 0 : value))
    while recent.count > Self.lines, step - recent[1].step >= Self.steps { recent.removeFirst() }
    guard recent.count >= Self.lines, step - recent[0].step >= Self.steps else { return nil }
    let level = recent.map(\.value).sorted()[(recent.count - 1) / 2]
    wasGood = wasGood || level >= 2 * floor
    if step > warmupSteps { best = max(best, level) }
    let isLow = level < max(floor, shareOfBest * best)
    guard isLow, !hasFallen, wasGood || step > warmupSteps else { return nil }
    hasFallen = true
    return level
  }
}
