/// A tensor that an objective remembers from step to step besides its parameters. Ranks hold consecutive runs of its
/// rows, in rank order.
public struct RememberedRows: Sendable {
  /// In the checkpoint's file.
  public let name: String
  /// Of the whole tensor.
  public let shape: [Int]
  /// The numbers of this rank's rows, row-major; none where it holds no row.
  public let own: [Float]
}
