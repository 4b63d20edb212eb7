import Foundations

/// Mean and standard deviation of a measure over seeds.
public struct Spread: Equatable, Sendable {
  public let mean: Double
  /// Of a sample: divided by n − 1; nil for a single value.
  public let deviation: Double?

  /// nil: there is no value.
  public init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
  }

  /// For example `61.20 ± 0.35`.
  ///
  /// - Parameter scale: What both are multiplied by.
  func text(decimals count: Int, scale: Double = 1) -> String {
    decimals(scale * mean, count) + (deviation.map { " ± \(decimals(scale * $0, count))" } ?? "")
  }

  var json: JSONValue {
    .object(["mean": .number(mean), "std": deviation.map(JSONValue.number) ?? .null])
  }
}
