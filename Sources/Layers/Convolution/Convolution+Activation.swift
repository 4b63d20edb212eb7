import CVector
import Tensors

/// A convolution together with all that follows it in an evaluation. A row's numbers depend on it and on the size of its
/// shard alone.
extension Convolution {
  /// relu(BN(conv(x))) ⊙ mask, as the input of the next convolution.
  ///
  /// - Parameters:
  ///   - mask: Of zeros and ones, blocked `[rows, out, 1, 1]`; nil: all channels are open.
  ///   - next: The convolution that takes it.
  public func activate(
    _ x: ConvolutionInput, by batchNorm: BatchNorm, mask: Tensor?, for next: Convolution, in pass: Pass
  ) throws -> ConvolutionInput {
    let y = output(of: x.map, in: pass)
    let takers = try pass.skipsClosedChannels && mask != nil ? next.shardKernels(y, .forward, in: pass) : []
    let open = takers.contains { $0.skipsClosedChannels(atDensity: 0) } ? mask?.makeSimilar() : nil
    try run(
      x, try batchNorm.statistics(of: y, in: pass), mask: mask, open: open, takers: takers, output: y,
      in: pass)
    return open.map { ConvolutionInput(openChannels: y, $0) } ?? ConvolutionInput(y)
  }

  /// relu(BN(conv(x)) + shortcut) with its means over pixels: the end of a residual block.
  ///
  /// - Parameters:
  ///   - identity: The shortcut, unless it is projected.
  ///   - projected: The projection and its batch norm.
  public func activate(
    _ x: ConvolutionInput, by batchNorm: BatchNorm, adding identity: Tensor,
    or projected: BatchNorm.Shortcut?,
    in pass: Pass
  ) throws -> PooledMap {
    let y = output(of: x.map, in: pass)
    try run(
      x, try batchNorm.statistics(of: y, in: pass), added: projected?.input ?? identity,
      projected?.statistics,
      output: y, in: pass)
    return try PooledMap(y, in: pass)
  }

  /// Runs fused kernels over all rows.
  ///
  /// - Parameters:
  ///   - open: Written where a shard's taker takes open channels alone: which ones the output has, one after the other.
  ///   - takers: The kernels that take the output, by shard; empty where that can't do with open channels alone.
  private func run(
    _ x: ConvolutionInput, _ statistics: BatchNorm.Statistics, mask: Tensor? = nil, open: Tensor? = nil,
    takers: [any ConvolutionKernel] = [], added: Tensor? = nil,
    _ addedStatistics: BatchNorm.Statistics? = nil, output: Tensor, in pass: Pass
  ) throws {
    let kernels = try shardKernels(x.map, .forward, in: pass)
    // Kernels leave out inputs or outputs, not both.
    let selects = open != nil && !x.hasOpenChannelsOnly
    func fused(_ kernel: any ConvolutionKernel, rows: Int) -> any FusedKernel {
      kernel.fused
        ?? ComposedKernel(kernel: kernel, map: output.geometry(rows: rows), channels: outChannels)
    }
    func fused(ofShard shard: Int) -> any FusedKernel {
      fused(kernels[shard], rows: pass.rows(ofShard: shard).count)
    }
    try pass.timed(.convolutionForward) {
      let weights = try packed(
        kernels, in: pass, count: { fused(ofShard: $0).packedCount(selects: selects) }
      ) { shard, packed in
        let kernel = fused(ofShard: shard)
        try pass.forEachPanels(of: kernel.panels) {
          try kernel.pack(weight.value, into: packed, panels: $0, selects: selects)
        }
      }
      try pass.forEachRun(of: kernels) { run, runs in
        let (shard, rows) = (run.piece.shard, run.piece.rows)
        let kernel = fused(run.kernel, rows: rows.count)
        let takesOpen = open != nil && takers[shard].skipsClosedChannels(atDensity: 0)
        let openOutputs = takesOpen && selects ? open?.row(run.first) : nil
        if openOutputs == nil {
          open?.row(run.first).openAll(outChannels, of: output.geometry(rows: rows.count))
        }
        let scratch = BufferPool.working.take(count: kernel.scratchCount)
        try x.withRows(run.piece, for: run.kernel, pieces: runs, in: pass) { openInputs, input in
          try kernel.run(
            FusedOperands(
              open: openInputs, input: input, weights: weights(shard).pointer,
              scale: statistics.scale.pointer, shift: statistics.shift.pointer, added: added?.row(run.first),
              addedScale: addedStatistics?.scale.pointer, addedShift: addedStatistics?.shift.pointer,
              mask: mask?.row(run.first), output: output.row(run.first), openOutputs: openOutputs),
            scratch: scratch.pointer)
        }
        if takesOpen, let open, let mask {
          for row in rows { closeUp(row, of: output, mask: mask, open: open, for: takers[shard]) }
        }
      }
    }
  }

  /// Moves a row's open channels together if all are there and the next convolution is faster without the closed ones, which
  /// decides no bit.
  ///
  /// - Parameter open: Which channels the row has.
  private func closeUp(
    _ row: Int, of y: Tensor, mask: Tensor, open: Tensor, for taker: any ConvolutionKernel
  ) {
    let width = mask.rowStride
    let wanted = vector_count_positive(width, mask.row(row))
    guard wanted < vector_count_positive(width, open.row(row)),
      taker.skipsClosedChannels(atDensity: Double(wanted) / Double(outChannels))
    else { return }
    vector_close_up(y.geometry(rows: 1), mask.row(row), y.row(row))
    open.row(row).update(from: mask.row(row), count: width)
  }
}
