/// Adds what every rank's shards contribute, so that all ranks know the sum over the global batch.
///
/// Batch norm, losses and gate usage state *what* is summed; the communicator decides how. A world of one
/// is `LocalShards`.
public protocol ShardReducer: AnyObject {
  /// How many ranks contribute.
  var worldSize: Int { get }
  /// The place of this rank's shards among all: ranks hold consecutive runs of equal length.
  var rank: Int { get }
  /// The sum over all shards of all ranks along `ShardTree`; the same bits on every rank.
  ///
  /// - Parameter rows: This rank's shards' contributions, `[leaves × width]`.
  func sum(_ rows: [Double], leaves: Int, width: Int) throws -> [Double]
  /// The exact sum over ranks of each count.
  func sum(_ counts: [Int64]) throws -> [Int64]
  /// The rows of every rank's tensor, in rank order; all ranks bring the same shape and layout.
  func gather(_ own: Tensor) throws -> Tensor
}

/// The world of one: this rank's shards are all there are.
public final class LocalShards: ShardReducer {
  public init() {}
  public var worldSize: Int { 1 }
  public var rank: Int { 0 }

  public func sum(_ rows: [Double], leaves: Int, width: Int) throws -> [Double] {
    ShardTree.sum(rows, leaves: leaves, width: width)
  }

  public func sum(_ counts: [Int64]) throws -> [Int64] { counts }

  public func gather(_ own: Tensor) throws -> Tensor { own }
}
