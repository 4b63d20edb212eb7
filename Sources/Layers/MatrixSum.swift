import Tensors

extension Pass {
  /// The sum of a matrix over all shards of all ranks, for losses that compare columns, such as covariances.
  ///
  /// Added in single precision along `ShardTree`, as gradients are: the same bits on every rank, for any threads and
  /// for ranks that hold equal power-of-two runs of shards (contract C1). All ranks take part, and each gets every
  /// other's matrix: meant for matrices of a head's width. It is a loss's, which sees the whole batch, so there is no
  /// sum over a micro-batch.
  ///
  /// - Parameter contribution: A shard's matrix `[rows, columns]`.
  public func sumOverBatch(
    rows: Int, columns: Int, _ contribution: (_ shard: Int) throws -> Tensor
  ) throws -> Tensor {
    precondition(layout.microBatch.count == 1, "a loss sees the whole batch")
    let count = rows * columns
    let tree = ConcurrentSum(leaves: shards)
    try forEachShard { shard in
      let leaf = try contribution(shard)
      precondition(leaf.rows == rows && leaf.rowStride == columns, "a matrix [\(rows), \(columns)]")
      tree.add(leaf.storage, count: count, atLeaf: shard)
    }
    let own = Tensor(rows: rows, columns: columns)
    own.pointer.update(from: tree.total.pointer, count: count)
    let all = try reducer.gather(own)
    ShardTree.sum(rows: all.pointer, count: reducer.worldSize, width: count, into: own.pointer)
    return own
  }
}
