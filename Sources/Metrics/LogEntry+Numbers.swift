import Foundations

extension LogEntry {
  /// Every number of an entry, by the name that the logs share: the key of `metrics.jsonl`, with the gate behind it
  /// where there is one for each (`density/layer1.0`) and `evaluation/` before it where it is an evaluation's.
  ///
  /// - Parameter gates: What the logs call the gates, in the order of the forward pass.
  func numbers(gates: [String]) -> [(name: String, value: Double)] {
    switch self {
    case .training(let metrics): Self.numbers(in: metrics.json, gates: gates, prefix: "")
    case .evaluation(let evaluation):
      Self.numbers(in: evaluation.result, gates: gates, prefix: "evaluation/")
        + Self.numbers(in: evaluation.probe ?? .null, gates: gates, prefix: "probe/")
        + Self.numbers(in: evaluation.classifier ?? .null, gates: gates, prefix: "classifier/")
    case .audit, .rankTimes, .picture: []
    }
  }

  private static func numbers(
    in object: JSONValue, gates: [String], prefix: String
  ) -> [(name: String, value: Double)] {
    guard case .object(let fields) = object else { return [] }
    return fields.flatMap { field -> [(name: String, value: Double)] in
      let name = prefix + field.key
      switch field.value {
      case .integer(let value): return [(name, Double(value))]
      case .number(let value): return [(name, value)]
      case .list(let values) where field.key == "density":
        return zip(gates, values).compactMap { gate, value in
          if case .number(let value) = value { ("\(name)/\(gate)", value) } else { nil }
        }
      default: return []
      }
    }
  }
}
