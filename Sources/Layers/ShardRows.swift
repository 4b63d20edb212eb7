import Tensors

/// Rows of one shard: what a thread computes at one time.
struct ShardRows: Equatable {
  let shard: Int
  let rows: Range<Int>
}

/// A run with the kernel that computes it.
struct KernelRun {
  let piece: ShardRows
  let kernel: any ConvolutionKernel

  var first: Int { piece.rows.lowerBound }
}

extension Pass {
  /// Into how many parts a shard is divided so that all threads have something to do most of the time: no more than that
  /// takes, as each part costs some of the work again.
  func partsOfShards(most: Int) -> Int {
    let threads = pool.threads
    func busyShare(_ parts: Int) -> Double {
      let pieces = shards * parts
      return Double(pieces) / Double((pieces + threads - 1) / threads * threads)
    }
    let enough = (1...most).first { busyShare($0) >= 0.85 }
    return enough ?? (1...most).max { busyShare($0) < busyShare($1) } ?? 1
  }

  /// Calls `body` for runs that together are all rows, on all threads.
  ///
  /// - Parameter kernels: By shard.
  func forEachRun(
    of kernels: [any ConvolutionKernel], _ body: (KernelRun, _ runs: Int) throws -> Void
  ) throws {
    var parts = partsOfShards(most: max(1, rows(ofShard: 0).count / RowLayout.fewestRowsOfARun))
    if parts > 1, kernels.contains(where: { $0.part(rows: 1) == nil }) { parts = 1 }
    let runs = layout.runs(partsOfShards: parts).map { piece in
      let kernel = kernels[piece.shard]
      let isWhole = piece.rows == rows(ofShard: piece.shard)
      return KernelRun(piece: piece, kernel: isWhole ? kernel : kernel.part(rows: piece.rows.count)!)
    }
    try pool.run(runs.count, between: idle) { try body(runs[$0], runs.count) }
  }
}

extension RowLayout {
  /// Weights are read for every run.
  static let fewestRowsOfARun = 8

  /// All rows, each shard's in so many runs of about the same length, as far as it has as many rows.
  func runs(partsOfShards parts: Int) -> [ShardRows] {
    (0..<shards).flatMap { shard in
      let rows = rows(ofShard: shard)
      return (0..<parts).compactMap { part in
        let run =
          rows.lowerBound + part * rows.count / parts..<rows.lowerBound + (part + 1) * rows.count / parts
        return run.isEmpty ? nil : ShardRows(shard: shard, rows: run)
      }
    }
  }
}
