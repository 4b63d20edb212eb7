/// The time that an algorithm is expected to take on one core, by which `kernels: auto` chooses.
///
/// A measurement at the start would make two runs differ in bits, so this is a fixed formula. Its constants were
/// fitted to oneDNN 2.6.3 on an AVX-512 core with bf16 instructions (Zen 4), on the shapes of ResNet-18 from 16 to
/// 512 channels, 4×4 to 56×56 maps and 4 to 64 rows: it is within about a tenth of what was measured there, and
/// decides between algorithms that are closer than that without much to lose. `sluice bench kernels` measures.
struct ConvolutionCost {
  private let shape: ConvolutionShape
  private let direction: Convolution.Direction

  init(_ shape: ConvolutionShape, _ direction: Convolution.Direction) {
    self.shape = shape
    self.direction = direction
  }

  func nanoseconds(_ algorithm: ConvolutionAlgorithm) -> Double {
    switch algorithm {
    case .direct: shape.macsInside * (isOfWeights ? 0.0213 : 0.0171)
    case .bf16: bf16
    case .winograd: winograd
    }
  }

  private var isOfWeights: Bool { direction == .backwardWeights }
  private var weights: Double { Double(shape.inChannels * shape.outChannels) }

  /// Twice the speed, but activations are rounded first, and gradients of many weights are written slowly.
  private var bf16: Double {
    let input = Double(shape.rows * shape.inChannels * shape.height * shape.width)
    let output = Double(shape.rows * shape.outChannels * shape.outHeight * shape.outWidth)
    let read =
      switch direction {
      case .forward: input
      case .backwardData: output
      case .backwardWeights: input + output
      }
    let gradients = isOfWeights ? 1.6 * weights * Double(shape.kernel * shape.kernel) : 0
    return shape.macsInside * (isOfWeights ? 0.01026 : 0.00851) + 0.17 * read + gradients
  }

  /// 36 matrix products over the tiles; besides, weights and tiles are transformed in every call, which is what few
  /// tiles of many channels do not repay.
  private var winograd: Double {
    let tiles = Double(shape.tiles)
    let tileTransforms = (isOfWeights ? 0.57 : 0.3) * tiles * Double(shape.inChannels + shape.outChannels)
    return 36 * (weights * (0.019 * tiles + 0.6) + tileTransforms)
  }
}

extension ConvolutionShape {
  /// The rows that one call of the library takes; what calls add to the weights' gradient is summed in their order.
  ///
  /// Winograd's gradient of few channels' weights is up to a fifth faster where a call's tiles stay in the cache
  /// (64 channels of 56×56, 16 rows: 15.9 instead of 19.8 ms). Nothing else that was measured is.
  func rowsInCall(_ algorithm: ConvolutionAlgorithm, _ direction: Convolution.Direction) -> Int {
    guard algorithm == .winograd, direction == .backwardWeights, max(inChannels, outChannels) <= 128 else {
      return rows
    }
    var part = self
    while part.rows % 2 == 0, part.tiles * outChannels > 32768 { part.rows /= 2 }
    return part.rows
  }
}
