import Foundation

/// Warm-up, then a cosine down to the final rate: final + (peak − final)·(1 + cos(π·done/total))/2, where done of total
/// epochs or steps after warm-up have passed.
public struct LearningRateSchedule: Sendable, Equatable {
  public enum Unit: String, Sendable, CaseIterable {
    /// Constant within an epoch, as in [K] and [U].
    case epoch
    /// Anew at every step.
    case step
  }

  public var unit = Unit.epoch
  /// The rate that the warm-up reaches.
  public var peak: Double
  /// The rate of the first epoch (by epoch; by step the warm-up starts at 0).
  public var warmupStart = 0.003
  public var final = 0.0
  public var warmupEpochs: Int
  public var epochs: Int

  public init(
    unit: Unit = .epoch, peak: Double, warmupStart: Double = 0.003, final: Double = 0, warmupEpochs: Int,
    epochs: Int
  ) {
    self.unit = unit
    self.peak = peak
    self.warmupStart = warmupStart
    self.final = final
    self.warmupEpochs = warmupEpochs
    self.epochs = epochs
  }

  /// The learning rate of a step, counted from 0.
  public func rate(step: Int, stepsPerEpoch: Int) -> Double {
    switch unit {
    case .epoch:
      rate(epoch: step / stepsPerEpoch)
    case .step:
      step < warmupEpochs * stepsPerEpoch
        ? peak * Double(step) / Double(warmupEpochs * stepsPerEpoch)
        : cosine(
          done: step - warmupEpochs * stepsPerEpoch, of: (epochs - warmupEpochs) * stepsPerEpoch)
    }
  }

  /// Within epoch e: e < w: start + e·(peak − start)/(w − 1); then the cosine. Epochs w − 1 and w both run at
  /// the peak, as in [K]'s reference.
  public func rate(epoch: Int) -> Double {
    guard epoch < warmupEpochs else {
      return cosine(done: epoch - warmupEpochs, of: epochs - warmupEpochs)
    }
    guard warmupEpochs > 1 else { return peak }
    return warmupStart + Double(epoch) * (peak - warmupStart) / Double(warmupEpochs - 1)
  }

  /// The rate of parameters that keep theirs, SimSiam's predictor: the peak. By epoch, epoch 0 runs at the
  /// warm-up's start, as in [K]'s reference.
  public func heldRate(step: Int, stepsPerEpoch: Int) -> Double {
    unit == .epoch && warmupEpochs > 1 && step < stepsPerEpoch ? warmupStart : peak
  }

  /// The step at which warm-up has reached the peak, counted from 0.
  public func peakStep(stepsPerEpoch: Int) -> Int {
    (unit == .epoch ? max(warmupEpochs - 1, 0) : warmupEpochs) * stepsPerEpoch
  }

  /// The largest rate of the first `steps` steps; nil if there are none.
  public func largestRate(steps: Int, stepsPerEpoch: Int) -> Double? {
    guard steps > 0 else { return nil }
    // Warm-up and cosine each go one way only.
    var rates = [0, steps - 1].map { rate(step: $0, stepsPerEpoch: stepsPerEpoch) }
    if peakStep(stepsPerEpoch: stepsPerEpoch) < steps { rates.append(peak) }
    return rates.max()
  }

  private func cosine(done: Int, of total: Int) -> Double {
    guard total > 0 else { return peak }
    return final + (peak - final) / 2 * (1 + cos(Double.pi * Double(min(done, total)) / Double(total)))
  }
}
