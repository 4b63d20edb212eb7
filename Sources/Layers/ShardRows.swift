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
  /// Into how many parts a shard's weight gradients are divided, which costs some of the work twice: no more than gives all
  /// threads something to do.
  var partsOfShards: Int {
    let threads = pool.threads
    func share(_ parts: Int) -> Double {
      let pieces = shards * parts
      return Double(pieces) / Double((pieces + threads - 1) / threads * threads)
    }
    return (1...Self.mostPartsOfShards).first { share($0) >= 0.8 } ?? Self.mostPartsOfShards
  }
  private static let mostPartsOfShards = 4

  /// Calls `body` for runs that together are all rows, on all threads.
  ///
  /// - Parameter kernels: By shard.
  func forEachRun(
    of kernels: [any ConvolutionKernel], _ body: (KernelRun, _ runs: Int) throws -> Void
  ) throws {
    let runs = layout.runs(
      threads: pool.threads, dividesShards: kernels.allSatisfy { $0.part(rows: 1) != nil })
    let parts = runs.map { piece in
      let kernel = kernels[piece.shard]
      let isWhole = piece.rows == rows(ofShard: piece.shard)
      return KernelRun(
        piece: piece, kernel: isWhole ? kernel : kernel.part(rows: piece.rows.count)!)
    }
    try pool.run(runs.count, between: idle) { try body(parts[$0], parts.count) }
  }
}

extension RowLayout {
  /// All rows in runs that threads take one after the other, none of two shards.
  ///
  /// Each is a share of what is left, so that the last ones are small and threads end together, even if the machine
  /// gives some less time than others; and so that there are enough for all threads if there are fewer shards.
  ///
  /// - Parameter dividesShards: Whether a run may be less than a shard.
  func runs(threads: Int, dividesShards: Bool) -> [ShardRows] {
    var runs: [ShardRows] = []
    for shard in 0..<shards {
      var left = rows(ofShard: shard)
      while !left.isEmpty {
        let share = max(Self.fewestRowsOfARun, (rows - left.lowerBound) / (2 * threads))
        let parts = dividesShards && threads > 1 ? (left.count + share - 1) / share : 1
        let run = left.prefix((left.count + parts - 1) / parts)
        runs.append(ShardRows(shard: shard, rows: run))
        left = run.upperBound..<left.upperBound
      }
    }
    return runs
  }

  /// Weights are read for every run.
  private static let fewestRowsOfARun = 16
}
