import Tensors

/// What a convolution reads: a map, or one that is made from another whenever a shard of it is needed, so that it need
/// not be kept and its shard is still in the cache when it is read.
public struct ConvolutionInput {
  /// The map, or one of its shape that it is made from.
  let map: Tensor
  /// Writes the rows of a shard.
  private let make: ((_ shard: Int, UnsafeMutablePointer<Float>) -> Void)?

  public init(_ map: Tensor) {
    self.map = map
    make = nil
  }

  /// - Parameter make: Writes a shard's rows of a map like `map`; called anew for every use.
  init(from map: Tensor, _ make: @escaping (_ shard: Int, UnsafeMutablePointer<Float>) -> Void) {
    self.map = map
    self.make = make
  }

  /// Lends the rows of a shard.
  func withShard<T>(
    _ shard: Int, in pass: Pass, _ body: (UnsafeMutablePointer<Float>) throws -> T
  ) rethrows -> T {
    let rows = pass.rows(ofShard: shard)
    guard let make else { return try body(map.row(rows.lowerBound)) }
    let made = BufferPool.working.take(count: rows.count * map.rowStride)
    pass.timedInsideLoop(.elementwise) { make(shard, made.pointer) }
    return try body(made.pointer)
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
    ConvolutionInput(from: x) { [unowned pass] shard, y in
      let first = pass.rows(ofShard: shard).lowerBound
      for view in 0..<pass.views {
        let rows = pass.rows(ofShard: shard, view: view)
        self.normalize(
          x, statistics, relu: true, mask: mask, view: view, rows: rows,
          into: y + (rows.lowerBound - first) * x.rowStride, means: nil)
      }
    }
  }
}
