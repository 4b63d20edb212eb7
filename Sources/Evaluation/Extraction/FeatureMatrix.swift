/// Feature vectors of images, one a row: `[rows × dimension]`, row-major.
public struct FeatureMatrix: Sendable, Equatable {
  public var values: [Float]
  public let dimension: Int

  /// - Parameter values: `[rows × dimension]`; `dimension` is at least 1.
  public init(_ values: [Float], dimension: Int) {
    precondition(dimension > 0 && values.count % dimension == 0, "rows of \(dimension) numbers")
    self.values = values
    self.dimension = dimension
  }

  public var rows: Int { values.count / dimension }

  /// Some of the rows, in the order of `numbers`.
  public func rows(_ numbers: some Sequence<Int>) -> FeatureMatrix {
    FeatureMatrix(
      numbers.flatMap { values[$0 * dimension..<($0 + 1) * dimension] }, dimension: dimension)
  }
}
