import COneDNN
import Tensors

/// Which of oneDNN's algorithms convolutions may use. Part of a run's configuration, as it changes bits.
public enum ConvolutionKernels: String, Sendable, CaseIterable {
  /// Winograd for stride-1 3×3 convolutions where the library has it, direct otherwise.
  case auto
  /// Direct convolutions only.
  case direct
}

/// A oneDNN convolution of fixed shape in one direction.
final class ConvolutionPlan: @unchecked Sendable {
  // @unchecked: a oneDNN primitive is immutable; working memory is the caller's.
  private let handle: OpaquePointer
  private let what: String
  /// Floats of the weights in oneDNN's layout.
  let weightsCount: Int
  /// Floats of working memory for each call under way.
  let scratchCount: Int

  /// - Throws: `LayerError.convolution` where oneDNN has no kernel for the shape.
  init(_ shape: onednn_shape, _ direction: onednn_direction, winograd: Bool) throws {
    what =
      "a \(shape.kernel)×\(shape.kernel) convolution of \(shape.images)×\(shape.in_channels)×"
      + "\(shape.in_height)×\(shape.in_width) to \(shape.out_channels) channels"
    var made: OpaquePointer?
    var shape = shape
    let status = onednn_convolution_create(&made, &shape, direction, winograd ? 1 : 0)
    guard status == 0, let made else {
      throw LayerError.convolution(what: what, reason: String(cString: onednn_status_text(status)))
    }
    handle = made
    weightsCount = onednn_convolution_weights_count(made)
    scratchCount = onednn_convolution_scratch_count(made)
  }

  deinit { onednn_convolution_destroy(handle) }

  /// `weights` in oneDNN's layout.
  func pack(_ weights: UnsafePointer<Float>) throws -> Storage {
    let packed = BufferPool.working.take(count: weightsCount)
    try check(onednn_convolution_pack(handle, weights, packed.pointer))
    return packed
  }

  /// Weights from oneDNN's layout to [out, in, kernel, kernel].
  func unpack(_ packed: Storage, into weights: UnsafeMutablePointer<Float>) throws {
    try check(onednn_convolution_unpack(handle, packed.pointer, weights))
  }

  /// Runs on the calling thread. Which buffers are read and which is written depends on the direction.
  func run(
    input: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>,
    output: UnsafeMutablePointer<Float>
  ) throws {
    let scratch = BufferPool.working.take(count: scratchCount)
    try check(onednn_convolution_run(handle, input, weights, output, scratch.pointer))
  }

  private func check(_ status: Int32) throws {
    guard status == 0 else {
      throw LayerError.convolution(what: what, reason: String(cString: onednn_status_text(status)))
    }
  }
}
