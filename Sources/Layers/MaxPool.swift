import CVector
import Tensors

/// Maximum over windows that begin two pixels apart; among equals the first in row-major order wins.
///
/// Batch norm and ReLU do not change which value of a channel is the largest, or, where the scale is negative, make
/// it the smallest. So pooling comes before them here: they then see a quarter of the map. Rounding is monotone like
/// they are, so the result is that of pooling last bit for bit.
///
/// Backward: with G the gradient of what is left and w(o) the winner of output o, a pixel's gradient is the sum of G
/// over the windows that it won. Batch norm's sums over all pixels are then sums over outputs, Σ G and Σ G·(y − μ)
/// with y the winners' values; but its second pass reaches every pixel, as all of them moved the statistics. See
/// docs/derivations.md, "Max-pool before normalisation".
public struct MaxPool: Sendable, Equatable {
  /// Height and width of a window: 3, or 2.
  public let kernelSize: Int
  public static let stride = 2

  /// 3×3 windows that overlap, with padding 1 that never wins.
  public static let overlapping = MaxPool(kernelSize: 3)
  /// 2×2 windows side by side, without padding: a last odd row or column is in none.
  public static let sideBySide = MaxPool(kernelSize: 2)

  public var padding: Int { kernelSize == 3 ? 1 : 0 }

  /// ⌊(size + 2·padding − kernelSize) / 2⌋ + 1.
  public func outputSize(_ size: Int) -> Int {
    (size + 2 * padding - kernelSize + Self.stride) / Self.stride
  }

  /// What pooling leaves of a map.
  public struct Output {
    let pool: MaxPool
    /// The winners, not normalised.
    public let values: Tensor
    /// For each value of row i and column j its position 0 ..< 9 in the 3×3 around pixel (2i, 2j): a byte each.
    let positions: Storage

    func positions(ofRow row: Int) -> UnsafeMutablePointer<UInt8> {
      UnsafeMutableRawPointer(positions.pointer).assumingMemoryBound(to: UInt8.self) + row
        * values.rowStride
    }
  }

  /// - Parameter statistics: How what is left will be normalised.
  public func forward(
    _ x: Tensor, normalizedBy statistics: BatchNorm.Statistics, in pass: Pass
  ) throws -> Output {
    let y = Tensor(
      rows: x.rows, channels: x.channels, height: outputSize(x.height), width: outputSize(x.width),
      lanes: x.lanes)
    let output = Output(
      pool: self, values: y, positions: BufferPool.shared.take(count: (y.count + 3) / 4))
    try pass.forEachView { _, view, rows in
      let first = rows.lowerBound
      vector_max_pool(
        x.geometry(rows: rows.count), Int32(kernelSize), Int32(x.height), Int32(x.width), x.row(first),
        statistics.scale.row(view), y.row(first), output.positions(ofRow: first))
    }
    return output
  }

  /// ∂L/∂x, in place of `x`. The gradient goes to each window's winner alone and adds up where windows overlap.
  ///
  /// - Parameter g: The gradient of what is left after its normalisation, before the ReLU.
  public static func backward(
    _ g: Tensor, _ output: Output, input x: Tensor, _ derivative: BatchNorm.Derivative, in pass: Pass
  ) throws -> Tensor {
    let statistics = derivative.statistics
    try pass.forEachView { _, view, rows in
      let first = rows.lowerBound
      vector_max_pool_backward(
        x.geometry(rows: rows.count), Int32(output.pool.kernelSize), Int32(x.height), Int32(x.width),
        g.row(first), output.positions(ofRow: first), x.row(first), statistics.mean.row(view),
        statistics.scale.row(view), derivative.constant.row(view),
        derivative.slope.row(view), x.row(first))
    }
    return x
  }
}
