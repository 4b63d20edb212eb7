import Foundations

/// The mean of some results, and how they spread.
public struct MeanAndSpread: Sendable, Equatable {
  public let mean: Double
  /// The standard deviation of the sample, Σ(x − mean)²/(n − 1) under the root; nil for fewer than two.
  public let deviation: Double?

  /// - Parameter values: At least one.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty)
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    deviation =
      values.count < 2
      ? nil
      : (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
  }

  /// For a person, for example `71.20 ± 0.31`.
  public var text: String { text(decimals: 2) }

  /// The same with other decimals.
  ///
  /// - Parameter scale: What both are multiplied by.
  package func text(decimals count: Int, scale: Double = 1) -> String {
    decimals(scale * mean, count) + (deviation.map { " ± \(decimals(scale * $0, count))" } ?? "")
  }
}
