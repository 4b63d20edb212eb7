import COneDNN
import Tensors

/// A oneDNN convolution of fixed shape in one direction.
package final class ConvolutionPlan: @unchecked Sendable {
  // @unchecked: a oneDNN primitive is immutable; working memory is the caller's.
  private let handle: OpaquePointer
  private let what: String
  /// Floats of the weights in oneDNN's layout.
  package let weightsCount: Int
  /// Floats of working memory for each run under way.
  let scratchCount: Int
  /// The one that was asked for, or direct where oneDNN does not have it for the shape.
  package let algorithm: ConvolutionAlgorithm

  /// - Parameters:
  ///   - inLanes: Channels in a block of the input's layout, 1 for NCHW.
  ///   - lanes: Of the output's layout.
  /// - Throws: `LayerError.convolution` where oneDNN has no kernel for the shape.
  package init(
    _ shape: ConvolutionShape, _ direction: Convolution.Direction, _ algorithm: ConvolutionAlgorithm,
    inLanes: Int, lanes: Int
  ) throws {
    what =
      "a \(shape.kernel)×\(shape.kernel) convolution of \(shape.rows)×\(shape.inChannels)×"
      + "\(shape.height)×\(shape.width) to \(shape.outChannels) channels"
    var made: OpaquePointer?
    var sizes = onednn_shape(
      images: Int32(shape.rows), images_in_call: Int32(shape.rowsInCall(algorithm, direction)),
      in_channels: Int32(shape.inChannels), in_height: Int32(shape.height), in_width: Int32(shape.width),
      out_channels: Int32(shape.outChannels), kernel: Int32(shape.kernel), stride: Int32(shape.stride),
      padding: Int32(shape.padding), in_lanes: Int32(inLanes), lanes: Int32(lanes))
    let status = onednn_convolution_create(&made, &sizes, direction.code, algorithm.code)
    guard status == 0, let made else {
      throw LayerError.convolution(what: what, reason: String(cString: onednn_status_text(status)))
    }
    handle = made
    self.algorithm = ConvolutionAlgorithm(onednn_convolution_algorithm(made))
    weightsCount = onednn_convolution_weights_count(made)
    scratchCount = onednn_convolution_scratch_count(made)
  }

  deinit { onednn_convolution_destroy(handle) }

  /// `weights` in oneDNN's layout.
  package func pack(_ weights: UnsafePointer<Float>) throws -> Storage {
    let packed = BufferPool.working.take(count: weightsCount)
    try check(onednn_convolution_pack(handle, weights, packed.pointer))
    return packed
  }

  /// Weights from oneDNN's layout to [out, in, kernel, kernel].
  package func unpack(_ packed: Storage, into weights: UnsafeMutablePointer<Float>) throws {
    try check(onednn_convolution_unpack(handle, packed.pointer, weights))
  }

  /// Runs on the calling thread. Which buffers are read and which is written depends on the direction.
  package func run(
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
