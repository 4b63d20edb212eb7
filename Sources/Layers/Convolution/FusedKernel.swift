import Tensors

/// relu(BN(conv(x)) + added) ⊙ mask in one go, as an evaluation computes it: closed channels are neither computed nor
/// normalised nor written.
///
/// What comes out for a row depends on it and its masks alone.
public protocol FusedKernel: Sendable {
  /// Floats of the weights in the kernel's layout.
  ///
  /// - Parameter selects: Whether runs may leave out output channels.
  func packedCount(selects: Bool) -> Int
  /// Floats of working memory for each run under way.
  var scratchCount: Int { get }

  /// As of `ConvolutionKernel`.
  var panels: Int { get }
  /// Writes panels of weights [out, in, kernelSize, kernelSize] in the kernel's layout.
  func pack(
    _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>, panels: Range<Int>,
    selects: Bool) throws
  /// Computes all rows of the problem on the calling thread.
  func run(_ operands: FusedOperands, scratch: UnsafeMutablePointer<Float>) throws
}

/// The memory that a run works on; `[out]` and `[rows, out]` in whole blocks.
public struct FusedOperands {
  /// As of `ConvolutionOperands`.
  public let open: UnsafePointer<Float>?
  public let input: UnsafeMutablePointer<Float>
  /// Packed.
  public let weights: UnsafeMutablePointer<Float>
  /// `[out]`: y = scale·x + shift is the batch norm.
  public let scale: UnsafePointer<Float>
  public let shift: UnsafePointer<Float>
  /// A map like the output.
  public let added: UnsafePointer<Float>?
  /// `[out]`: the batch norm of what is added, if that has one.
  public let addedScale: UnsafePointer<Float>?
  public let addedShift: UnsafePointer<Float>?
  /// `[rows, out]`: 0 where a channel is closed; nil: none is.
  public let mask: UnsafePointer<Float>?
  public let output: UnsafeMutablePointer<Float>
  /// If not nil, open channels alone are computed and written, one after the other in the blocks of each row. Written: which
  /// these are, as in `mask`, or all of a row for which that was faster, closed ones as zeros. Nothing is added then, and
  /// all input channels are open.
  public let openOutputs: UnsafeMutablePointer<Float>?
}
