import CVector
import Tensors

/// What a convolution reads: a map, or one that is made from another whenever a shard of it is needed, so that it need
/// not be kept and its shard is still in the cache when it is read.
public struct ConvolutionInput {
  /// The map, or one of its shape that it is made from.
  let map: Tensor
  /// The mask that its channels were multiplied by, of zeros and ones, if it can be made of open channels only, or has
  /// nothing else.
  private let mask: Tensor?
  /// Writes some rows of a shard; nil: the map has them.
  private let make: ((ShardRows, _ isOpenOnly: Bool, UnsafeMutablePointer<Float>) -> Void)?

  public init(_ map: Tensor) {
    self.map = map
    mask = nil
    make = nil
  }

  /// - Parameters:
  ///   - mask: Blocked `[rows, channels, 1, 1]`; nil: it is never made of open channels only.
  ///   - make: Writes some of a shard's rows of a map like `map`, or only their open channels
  ///     (`ConvolutionOperands.open`); called anew for every use.
  init(
    from map: Tensor, mask: Tensor?,
    _ make: @escaping (ShardRows, _ isOpenOnly: Bool, UnsafeMutablePointer<Float>) -> Void
  ) {
    self.map = map
    self.mask = mask
    self.make = make
  }

  /// - Parameters:
  ///   - map: Open channels, one after the other in the blocks of each row; for kernels that take them alone.
  ///   - open: Which they are, blocked `[rows, channels, 1, 1]`.
  init(openChannels map: Tensor, _ open: Tensor) {
    self.map = map
    mask = open
    make = nil
  }

  /// Whether there is nothing of closed channels.
  var hasOpenChannelsOnly: Bool { mask != nil && make == nil }

  /// The means over pixels of a map that is there, `[rows, channels]`; those of closed channels are 0.
  public func means(in pass: Pass) throws -> Tensor {
    precondition(make == nil, "the map is made whenever it is needed")
    let means = try PooledMap(map, in: pass).means
    guard let mask else { return means }
    for row in 0..<means.rows { means.spread(row, by: mask.row(row)) }
    return means
  }

  /// Lends some rows of a shard to a kernel, of open channels only if that is faster for it.
  ///
  /// - Parameter pieces: Of the loop that this is a part of.
  func withRows<T>(
    _ piece: ShardRows, for kernel: any ConvolutionKernel, pieces: Int, in pass: Pass,
    _ body: (_ open: UnsafePointer<Float>?, _ x: UnsafeMutablePointer<Float>) throws -> T
  ) rethrows -> T {
    let rows = piece.rows
    let open = mask.map { UnsafePointer($0.row(rows.lowerBound)) }
    let count = open.map { vector_count_positive(rows.count * mask!.rowStride, $0) } ?? 0
    let density = Double(count) / Double(rows.count * map.channels)
    guard let make else { return try body(density < 1 ? open : nil, map.row(rows.lowerBound)) }
    let made = BufferPool.working.take(count: rows.count * map.rowStride)
    let isOpenOnly = open != nil && kernel.skipsClosedChannels(atDensity: density)
    pass.timedInsideLoop(.elementwise, pieces: pieces) { make(piece, isOpenOnly, made.pointer) }
    return try body(isOpenOnly ? open : nil, made.pointer)
  }
}

extension Convolution {
  /// - Parameter x: NCHW or blocked, `[rows, in, H, W]`.
  /// - Returns: Blocked, `[rows, out, H', W']`.
  public func forward(_ x: Tensor, in pass: Pass) throws -> Tensor {
    try forward(ConvolutionInput(x), in: pass)
  }

  /// Sets the weight's gradient from this rank's rows.
  ///
  /// - Parameters:
  ///   - x: What forward was given.
  ///   - needsInputGradient: False for the first layer, whose input is the image.
  /// - Returns: ∂L/∂x, or nil.
  public func backward(
    _ dy: Tensor, input x: Tensor, needsInputGradient: Bool = true, in pass: Pass
  ) throws -> Tensor? {
    try backward(dy, input: ConvolutionInput(x), needsInputGradient: needsInputGradient, in: pass)
  }
}

extension BatchNorm {
  /// relu(BN(x)) ⊙ mask as a convolution's input, which is not kept.
  ///
  /// - Parameter mask: Blocked `[rows, channels, 1, 1]`.
  public func reluInput(
    _ x: Tensor, _ statistics: Statistics, mask: Tensor?, in pass: Pass
  ) -> ConvolutionInput {
    ConvolutionInput(from: x, mask: pass.skipsClosedChannels ? mask : nil) {
      [unowned pass] piece, isOpenOnly, y in
      for view in 0..<pass.views {
        let rows = pass.rows(ofShard: piece.shard, view: view).clamped(to: piece.rows)
        guard !rows.isEmpty else { continue }
        let own = y + (rows.lowerBound - piece.rows.lowerBound) * x.rowStride
        if isOpenOnly, let mask {
          self.normalizeOpen(x, statistics, mask: mask, view: view, rows: rows, into: own)
        } else {
          self.normalize(
            x, statistics, relu: true, mask: mask, view: view, rows: rows, into: own, means: nil)
        }
      }
    }
  }
}

extension Tensor {
  /// Moves the first numbers of a matrix's row to the channels that are open, in their order; the others become 0.
  fileprivate func spread(_ row: Int, by open: UnsafePointer<Float>) {
    let numbers = self.row(row)
    var next = (0..<channels).count { open[$0] != 0 }
    // From the end: a channel is never in front of its number.
    for channel in (0..<channels).reversed() {
      if open[channel] != 0 { next -= 1 }
      numbers[channel] = open[channel] != 0 ? numbers[next] : 0
    }
  }
}
