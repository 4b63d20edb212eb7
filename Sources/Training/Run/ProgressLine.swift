import Foundation
import Foundations
import Metrics

/// How a run's progress reads in words.
struct ProgressLine: Sendable {
  /// What the run will have done at its end.
  let epochs: Int
  let steps: Int

  init(epochs: Int, steps: Int) {
    self.epochs = epochs
    self.steps = steps
  }

  /// A line of its own, for example `epoch 3/20  step 117/780  loss 5.1234  MACs 51.2 %  density 0.520
  /// 312 images/s  9 min 03 s left  objective 5.0100  budget 0.0834  bound 0.0300  lr 0.281`.
  ///
  /// - Parameter secondsLeft: nil: not known yet.
  func text(_ metrics: TrainingMetrics, secondsLeft: Double?) -> String {
    let left = secondsLeft.map { [durationText($0) + " left"] } ?? []
    return
      ([epoch(metrics), step(metrics), loss(metrics), macs(metrics)] + latency(metrics) + [density(metrics)]
      + [speed(metrics.imagesPerSecond)] + waiting(metrics) + left + parts(metrics)).joined(separator: "  ")
  }

  /// What stands behind a bar, most important first.
  ///
  /// - Parameter imagesPerSecond: A speed that does not jump from draw to draw.
  func details(_ metrics: TrainingMetrics, imagesPerSecond: Double) -> [String] {
    [loss(metrics), macs(metrics)] + latency(metrics) + [speed(imagesPerSecond)] + waiting(metrics) + [
      epoch(metrics), step(metrics), density(metrics),
    ] + parts(metrics)
  }

  private func epoch(_ metrics: TrainingMetrics) -> String { "epoch \(metrics.epoch + 1)/\(epochs)" }
  private func step(_ metrics: TrainingMetrics) -> String { "step \(metrics.step)/\(steps)" }
  private func loss(_ metrics: TrainingMetrics) -> String { "loss \(decimals(metrics.loss, 4))" }
  private func macs(_ metrics: TrainingMetrics) -> String { "MACs \(decimals(100 * metrics.macsShare, 1)) %" }
  /// Empty where MACs are budgeted.
  private func latency(_ metrics: TrainingMetrics) -> [String] {
    metrics.latency.map { ["\(significant($0)) ms an image"] } ?? []
  }
  private func density(_ metrics: TrainingMetrics) -> String { "density \(decimals(metrics.meanDensity, 3))" }
  private func speed(_ imagesPerSecond: Double) -> String { "\(significant(imagesPerSecond)) images/s" }
  /// Empty where the loader keeps up.
  private func waiting(_ metrics: TrainingMetrics) -> [String] {
    metrics.dataWaitShare < 0.05 ? [] : ["\(decimals(100 * metrics.dataWaitShare, 0)) % waiting for images"]
  }
  private func parts(_ metrics: TrainingMetrics) -> [String] {
    [
      "objective \(decimals(metrics.objective, 4))", "budget \(decimals(metrics.budget, 4))",
      "bound \(decimals(metrics.bound, 4))", "lr \(significant(metrics.learningRate))",
    ]
  }

  /// Three significant digits; whole from 100 on.
  private func significant(_ value: Double) -> String {
    String(format: abs(value) >= 100 ? "%.0f" : "%.3g", value)
  }
}
