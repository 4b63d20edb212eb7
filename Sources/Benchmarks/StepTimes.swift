import Collectives
import Layers
import Training

/// How long steps took, and their parts; in seconds, at least one step.
struct StepTimes {
  struct Step {
    let seconds: Double
    let parts: [StepClock.Part: Double]
    let gradients: GradientWaits
  }

  /// Shortest first.
  private let steps: [Step]

  init(_ steps: [Step]) {
    precondition(!steps.isEmpty, "no step was timed")
    self.steps = steps.sorted { $0.seconds < $1.seconds }
  }

  var median: Double { Benchmarks.median(steps.map(\.seconds)) }
  var shortest: Double { steps[0].seconds }
  var longest: Double { steps[steps.count - 1].seconds }

  /// Where the time of the median goes: the parts of the step in the middle, or the means of those of the two,
  /// and what lies in no part as `other`. They add up to `median`.
  var breakdown: [(name: String, seconds: Double)] {
    let middle = [steps[(steps.count - 1) / 2], steps[steps.count / 2]]
    let parts = StepClock.Part.ofStep.map { part in
      (name: part.name, seconds: middle.reduce(0) { $0 + ($1.parts[part] ?? 0) } / 2)
    }
    return parts + [("other", median - parts.reduce(0) { $0 + $1.seconds })]
  }

  /// Median over the steps.
  var gradientsExposed: Double { Benchmarks.median(steps.map(\.gradients.exposedSeconds)) }
  var gradientsTotal: Double { Benchmarks.median(steps.map(\.gradients.totalSeconds)) }
}
