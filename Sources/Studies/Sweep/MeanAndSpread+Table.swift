import Evaluation
import Foundations

extension MeanAndSpread {
  /// nil: there is no value.
  init?(ofAny values: [Double]) {
    guard !values.isEmpty else { return nil }
    self.init(values)
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
