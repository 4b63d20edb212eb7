import Images

/// A `Normalization` as files hold it: red, green, blue, as shares of full brightness.
public struct Colours: Codable, Equatable, Sendable {
  public var mean: [Float]
  public var deviation: [Float]

  package init(_ normalization: Normalization) {
    mean = (0..<3).map { normalization.mean[$0] }
    deviation = (0..<3).map { normalization.deviation[$0] }
  }
}
