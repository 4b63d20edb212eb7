import CVector
import Tensors

/// The end of a residual block: relu(BN(x) + shortcut), where the shortcut may have a batch norm of its own.
///
/// A sum hands its gradient to both summands: with g = dy where the output is above 0, ∂L/∂BN(x) = ∂L/∂shortcut = g.
/// One pass over memory therefore serves both batch norms' sums (docs/derivations.md, "Residual sum").
extension BatchNorm {
  /// A shortcut that is normalised on its way (down-sampling blocks).
  public struct Shortcut {
    public let batchNorm: BatchNorm
    public let input: Tensor
    public let statistics: Statistics

    public init(batchNorm: BatchNorm, input: Tensor, statistics: Statistics) {
      self.batchNorm = batchNorm
      self.input = input
      self.statistics = statistics
    }
  }

  /// relu(BN(x) + shortcut), with its means over pixels.
  ///
  /// - Parameters:
  ///   - shortcut: Added as it is, or after normalisation by `statistics`.
  public func normalize(
    _ x: Tensor, _ statistics: Statistics, adding shortcut: Tensor,
    normalizedBy shortcutStatistics: Statistics?, in pass: Pass
  ) throws -> PooledMap {
    let y = PooledMap(map: x.makeSimilar(), means: Tensor(rows: x.rows, columns: channels))
    try pass.forEachView { _, view, rows in
      let first = rows.lowerBound
      vector_normalize_add(
        x.geometry(rows: rows.count), x.row(first), statistics.scale.row(view), statistics.shift.row(view),
        shortcut.row(first), shortcutStatistics?.scale.row(view), shortcutStatistics?.shift.row(view),
        y.map.row(first), Int32(channels), y.means.row(first))
    }
    return y
  }

  /// What `residualBackward` leads to.
  public struct ResidualGradients {
    /// Of what was normalised.
    public let dx: Tensor
    /// Of the shortcut: of its input, if that was normalised.
    public let dshortcut: Tensor
    /// γ's and β's, which the block sets when it is their turn: backward completes gradients from the last parameter
    /// to the first, and the shortcut's convolution may lie between them.
    public let own: AffineGradients
    /// Those of the shortcut's batch norm, if it has one.
    public let shortcut: AffineGradients?
  }

  /// The gradients of `normalize(_:_:adding:normalizedBy:in:)`; leaves it to the caller to set those of γ and β.
  ///
  /// Both batch norms see the same gradient, so their sums are taken in one pass over it and added over ranks in
  /// one go.
  ///
  /// - Parameters:
  ///   - y: What forward returned.
  ///   - x: What was normalised. Overwritten by its gradient.
  ///   - shortcut: If it was normalised. Its input is overwritten by its gradient.
  public func residualBackward(
    _ dy: MapGradient, output y: Tensor, input x: Tensor, _ statistics: Statistics,
    shortcut: Shortcut?, in pass: Pass
  ) throws -> ResidualGradients {
    let dsum = dy.maps.first ?? y.makeSimilar()
    let own = Self.sumsWidth(statistics)
    let width = own + (shortcut.map { Self.sumsWidth($0.statistics) } ?? 0)
    let sums = try sumOverBatch(width, stride: statistics.stride, in: pass) { _, view, rows, sums in
      let first = rows.lowerBound
      vector_relu_backward_sums(
        x.geometry(rows: rows.count), dy.row(first), y.row(first), x.row(first), statistics.mean.row(view),
        statistics.scale.row(view), statistics.shift.row(view), dsum.row(first), sums)
      guard let shortcut else { return }
      vector_normalize_backward_sums(
        x.geometry(rows: rows.count), shortcut.input.row(first), dsum.row(first),
        shortcut.statistics.mean.row(view),
        shortcut.statistics.scale.row(view), shortcut.statistics.shift.row(view), 0, nil, sums + own, nil)
    }
    let ownDerivative = derivative(sums, statistics, in: pass)
    let shortcutDerivative = shortcut.map {
      $0.batchNorm.derivative(sums, $0.statistics, offset: own, in: pass)
    }
    try pass.forEachView { _, view, rows in
      ownDerivative.apply(dsum, input: x, view: view, rows: rows, into: x)
      if let shortcut, let shortcutDerivative {
        shortcutDerivative.apply(dsum, input: shortcut.input, view: view, rows: rows, into: shortcut.input)
      }
    }
    return ResidualGradients(
      dx: x, dshortcut: shortcut?.input ?? dsum,
      own: AffineGradients(batchNorm: self, sums: sums, statistics: statistics, offset: 0),
      shortcut: shortcut.map {
        AffineGradients(batchNorm: $0.batchNorm, sums: sums, statistics: $0.statistics, offset: own)
      })
  }

  /// The sums that the gradients of γ and β follow from.
  public struct AffineGradients {
    let batchNorm: BatchNorm
    let sums: BatchSums
    let statistics: Statistics
    let offset: Int

    /// Sets them.
    public func set(in pass: Pass) throws {
      try batchNorm.setParameterGradients(sums, statistics, offset: offset, in: pass)
    }
  }
}
