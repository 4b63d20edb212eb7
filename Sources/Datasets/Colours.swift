import Images

/// A `Normalization` as files hold it: red, green, blue, as shares of full brightness.
public struct Colours: Codable, Equatable, Sendable {
  public var mean: [Float]
  public var deviation: [Float]

  /// Whether it can be a `Normalization`.
  package var isValid: Bool { mean.count == 3 && deviation.count == 3 && deviation.allSatisfy { $0 > 0 } }

  package init(_ normalization: Normalization) {
    mean = (0..<3).map { normalization.mean[$0] }
    deviation = (0..<3).map { normalization.deviation[$0] }
  }
}
