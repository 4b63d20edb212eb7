import Tensors

/// Compiled code for one problem. It can't change, so that threads share it; memory comes from the caller.
///
/// Weights are packed once a step and read by every shard. Their layout is the kernel's own, and so is that of the
/// gradients, which are summed over shards before they are unpacked.
public protocol ConvolutionKernel: AnyObject, Sendable {
  /// What it is, so that reports and tests don't take one for another.
  var algorithm: ConvolutionAlgorithm { get }
  /// Floats of the weights, or of their gradient, in the kernel's layout.
  var packedCount: Int { get }
  /// Floats of working memory for each run under way.
  var scratchCount: Int { get }

  /// Panels of the kernel's layout: they can be packed and unpacked by several threads.
  var panels: Int { get }
  /// Writes panels of weights [out, in, kernelSize, kernelSize] in the kernel's layout. Never called for backward weights.
  func pack(
    _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>, panels: Range<Int>) throws
  /// The inverse, for the gradient of the weights; called for backward weights alone.
  func unpack(
    _ packed: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>, panels: Range<Int>) throws
  /// Whether it takes inputs of open channels only, and is faster with them.
  ///
  /// - Parameter density: Open channels of all rows as a share of all channels.
  func skipsClosedChannels(atDensity density: Double) -> Bool
  /// What computes the same together with what follows it in an evaluation; nil where there is no such code.
  var fused: (any FusedKernel)? { get }
  /// What computes so many of the rows, from the same packed weights, with the same bits; nil where all rows are taken at
  /// one time.
  func part(rows: Int) -> Self?
  /// What computes the weights' gradient of some output channels each, with the same bits: at most so many parts, one
  /// where there are no more. Each one's gradient lies behind the last one's.
  func parts(ofChannels count: Int) -> [ChannelPart]
  /// Computes all rows of the problem on the calling thread.
  func run(_ operands: ConvolutionOperands, scratch: UnsafeMutablePointer<Float>) throws
}

/// Some of the output channels of a backward-weights kernel.
public struct ChannelPart {
  public let kernel: any ConvolutionKernel
  /// Floats from where a row of the whole output begins to where these channels do.
  public let outputOffset: Int
}

/// The memory that a run works on. The direction decides which of the three is written.
public struct ConvolutionOperands {
  /// If not nil, the input holds those channels only whose number here is not 0, one after the other in the blocks of a
  /// row: `[rows, channels]`, blocked. The others are zeros; they change no bit of the result.
  public let open: UnsafePointer<Float>?
  /// The input or its gradient, in blocks of `inLanes` channels.
  public let input: UnsafeMutablePointer<Float>
  /// The weights or their gradient, packed.
  public let weights: UnsafeMutablePointer<Float>
  /// The output or its gradient, in blocks of `lanes` channels. Lanes beyond the last channel hold zeros.
  public let output: UnsafeMutablePointer<Float>
}

extension ConvolutionKernel {
  public func skipsClosedChannels(atDensity density: Double) -> Bool { false }
  public var fused: (any FusedKernel)? { nil }
  public func part(rows: Int) -> Self? { nil }
  public func parts(ofChannels count: Int) -> [ChannelPart] { [ChannelPart(kernel: self, outputOffset: 0)] }

  /// `weights` [out, in, kernelSize, kernelSize] in the kernel's layout.
  package func packed(_ weights: UnsafePointer<Float>) throws -> Storage {
    let packed = BufferPool.working.take(count: packedCount)
    try pack(weights, into: packed.pointer, panels: 0..<panels)
    return packed
  }

  /// Computes all rows of the problem on the calling thread.
  package func run(
    open: UnsafePointer<Float>? = nil, input: UnsafeMutablePointer<Float>,
    weights: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>
  ) throws {
    let scratch = BufferPool.working.take(count: scratchCount)
    try run(
      ConvolutionOperands(open: open, input: input, weights: weights, output: output),
      scratch: scratch.pointer)
  }
}
