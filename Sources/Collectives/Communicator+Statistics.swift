import Tensors

/// Sums over the global batch (`ShardReducer`): the same bits on every rank, and for every number of ranks
/// that splits the shards into equal runs.
extension Communicator {
  /// The sum over all shards of all ranks along `ShardTree`.
  ///
  /// Never MPI's own reductions, which may add in another order from run to run (contract C1): ranks that are a
  /// power of two add in pairs along the tree, others gather all rows and add by themselves.
  ///
  /// - Parameter rows: This rank's shards' contributions, `[leaves × width]`; equally many on every rank.
  /// - Throws: `CollectiveError`.
  public func sum(_ rows: [Double], leaves: Int, width: Int) throws -> [Double] {
    precondition(rows.count == leaves * width, "\(leaves) leaves of \(width) need \(leaves * width) numbers")
    guard channels != nil else { return ShardTree.sum(rows, leaves: leaves, width: width) }
    guard leaves > 0, width > 0 else { return Array(repeating: 0, count: width) }
    // A power-of-two run of leaves is a subtree: its sum is the number that the whole tree would reach there,
    // so one row travels instead of `leaves` of them.
    let isSubtree = leaves & (leaves - 1) == 0
    let mine = isSubtree ? ShardTree.sum(rows, leaves: leaves, width: width) : rows
    let sum = try meet(.statistics) { channels in
      if isSubtree, worldSize & (worldSize - 1) == 0 {
        return try ShardTree.sum(mine, rank: rank, ranks: worldSize, exchange: channels.statistics.exchange)
      }
      let all = try channels.statistics.allGather(mine)
      return ShardTree.sum(all, leaves: worldSize * (isSubtree ? 1 : leaves), width: width)
    }
    return sum ?? mine
  }

  /// The exact sum over ranks of each count.
  ///
  /// - Throws: `CollectiveError`.
  public func sum(_ counts: [Int64]) throws -> [Int64] {
    var sums = counts
    try meet(.counts) { try $0.statistics.sum(&sums) }
    return sums
  }

  /// The rows of every rank's tensor, in rank order; all ranks bring the same shape and layout.
  ///
  /// - Throws: `CollectiveError`.
  public func gather(_ own: Tensor) throws -> Tensor {
    let all = try meet(.embeddings) { channels in
      let all = Tensor(
        rows: own.rows * worldSize, channels: own.channels, height: own.height, width: own.width,
        lanes: own.lanes)
      try channels.statistics.allGather(
        UnsafeRawBufferPointer(UnsafeBufferPointer(start: own.pointer, count: own.count)),
        into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(start: all.pointer, count: all.count)),
        of: .four)
      return all
    }
    return all ?? own
  }
}
