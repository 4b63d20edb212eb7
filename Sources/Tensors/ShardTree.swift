/// The fixed binary tree along which everything that is summed over the batch is added (contract C1).
///
/// A range of n leaves splits after the largest power of two below n. Runs of leaves of equal power-of-two
/// length are therefore subtrees: ranks that hold such runs add their own leaves first and their results
/// afterwards, and get the bits that one rank would get.
public enum ShardTree {
  /// Where the range of `count` leaves splits: the largest power of two below `count`.
  @inlinable
  public static func split(_ count: Int) -> Int {
    precondition(count > 1)
    var half = 1
    while half * 2 < count { half *= 2 }
    return half
  }

  /// The sum of `leaves` rows of `width` numbers each, added along the tree. No leaves: zeros.
  public static func sum(_ rows: [Double], leaves: Int, width: Int) -> [Double] {
    precondition(rows.count == leaves * width, "\(leaves) leaves of \(width) need \(leaves * width) numbers")
    guard leaves > 0 else { return Array(repeating: 0, count: width) }
    var sums = rows
    sums.withUnsafeMutableBufferPointer { add($0, first: 0, count: leaves, width: width) }
    return Array(sums[0..<width])
  }

  /// Leaves the sum of leaves `first` ..< `first + count` in row `first`.
  private static func add(
    _ rows: UnsafeMutableBufferPointer<Double>, first: Int, count: Int, width: Int
  ) {
    guard count > 1 else { return }
    let half = split(count)
    add(rows, first: first, count: half, width: width)
    add(rows, first: first + half, count: count - half, width: width)
    for i in 0..<width { rows[first * width + i] += rows[(first + half) * width + i] }
  }
}

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
