/// The time of an image as a sum over its open channels, fitted to measured times.
public struct LatencyFit: Sendable {
  /// Some images that were timed together.
  struct Sample: Sendable {
    /// By gate: mean open channels of an image.
    let open: [Double]
    /// Of an image.
    let microseconds: Double
  }

  /// Relative errors of what is predicted for samples that were kept from the fit.
  public struct Errors: Sendable {
    public let samples: Int
    public let mean: Double
    public let worst: Double
  }

  /// Microseconds of an image of the network without gates.
  public let dense: Double
  /// Microseconds of an image for which every channel is closed.
  public let fixed: Double
  /// By gate: microseconds of one open channel, none below 0.
  public let perOpenChannel: [Double]
  public private(set) var errors = Errors(samples: 0, mean: 0, worst: 0)

  /// - Parameters:
  ///   - samples: More than there are gates.
  ///   - channels: Of each gate.
  ///   - dense: Microseconds.
  init(_ samples: [Sample], checkedWith kept: [Sample], channels: [Int], dense: Double) {
    self.dense = dense
    // By densities, which are of one size; a share of the time is as wrong whatever the time.
    let weights = nonNegativeFit(
      samples.map { sample in
        ([1] + zip(sample.open, channels).map { $0 / Double($1) }).map { $0 / sample.microseconds }
      }, samples.map { _ in 1 })
    fixed = weights[0]
    perOpenChannel = zip(weights.dropFirst(), channels).map { $0 / Double($1) }
    let wrong = kept.map { abs(predicted($0.open) / $0.microseconds - 1) }
    errors = Errors(
      samples: kept.count, mean: wrong.reduce(0, +) / Double(kept.count), worst: wrong.max() ?? 0)
  }

  /// Microseconds of an image.
  func predicted(_ open: [Double]) -> Double {
    fixed + zip(perOpenChannel, open).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
