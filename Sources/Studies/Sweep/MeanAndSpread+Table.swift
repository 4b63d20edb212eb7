import Evaluation
import Foundations

extension MeanAndSpread {
  /// nil: there is no value.
  init?(ofAny values: [Double]) {
    guard !values.isEmpty else { return nil }
    self.init(values)
  }

  var json: JSONValue {
    .object(["mean": .number(mean), "std": deviation.map(JSONValue.number) ?? .null])
  }
}
