import Foundation

/// How a run's progress reads: one line of text for one step.
public struct ProgressLine: Sendable {
  /// What the run will have done at its end.
  public let epochs: Int
  public let steps: Int
  /// Images of all ranks in a step.
  public let imagesPerStep: Int

  public init(epochs: Int, steps: Int, imagesPerStep: Int) {
    self.epochs = epochs
    self.steps = steps
    self.imagesPerStep = imagesPerStep
  }

  /// For example `epoch 3/20  step 117/780  loss 5.1234  MACs 51.2 %  density 0.520  312 images/s  9 min 03 s
  /// left  objective 5.0100  budget 0.0834  bound 0.0300  lr 0.281`: what matters most first, as a terminal may
  /// cut the end.
  public func text(_ metrics: TrainingMetrics) -> String {
    [
      "epoch \(metrics.epoch + 1)/\(epochs)", "step \(metrics.step)/\(steps)",
      "loss \(fixed(metrics.loss, 4))", "MACs \(fixed(100 * metrics.macsShare, 1)) %",
      "density \(fixed(metrics.meanDensity, 3))", "\(significant(metrics.imagesPerSecond)) images/s",
      Self.duration(secondsLeft(metrics)) + " left", "objective \(fixed(metrics.objective, 4))",
      "budget \(fixed(metrics.budget, 4))", "bound \(fixed(metrics.bound, 4))",
      "lr \(significant(metrics.learningRate))",
    ].joined(separator: "  ")
  }

  /// Seconds to the last step at the present speed; infinite if that is 0.
  public func secondsLeft(_ metrics: TrainingMetrics) -> Double {
    Double(max(0, steps - metrics.step) * imagesPerStep) / metrics.imagesPerSecond
  }

  /// A length of time in its two largest units; `–` if it is not finite.
  public static func duration(_ seconds: Double) -> String {
    // A century: longer than any run, and safely an Int.
    guard seconds.isFinite, seconds >= 0, seconds < 3.2e9 else { return "–" }
    let whole = Int(seconds.rounded())
    let (days, hours, minutes) = (whole / 86400, whole / 3600 % 24, whole / 60 % 60)
    if days > 0 { return "\(days) d \(hours) h" }
    if hours > 0 { return String(format: "%d h %02d min", hours, minutes) }
    if minutes > 0 { return String(format: "%d min %02d s", minutes, whole % 60) }
    return "\(whole) s"
  }

  private func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

  /// Three significant digits; whole from 100 on.
  private func significant(_ value: Double) -> String {
    String(format: abs(value) >= 100 ? "%.0f" : "%.3g", value)
  }
}
