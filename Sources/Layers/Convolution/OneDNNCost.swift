/// The time that oneDNN's algorithms are expected to take on one core, by which `kernels: auto` chooses.
///
/// A measurement at the start would make two runs differ in bits, so this is a fixed formula. Its constants were
/// fitted to oneDNN 2.6.3 on an AVX-512 core with bf16 instructions (Zen 4), on the shapes of ResNet-18 from 16 to
/// 512 channels, 4×4 to 56×56 maps and 4 to 64 rows: it is within about a tenth of what was measured there, and
/// decides between algorithms that are closer than that without much to lose. `sluice bench kernels` measures.
struct OneDNNCost {
  private let shape: ConvolutionShape
  private let direction: Convolution.Direction

  init(_ problem: ConvolutionProblem) {
    shape = problem.shape
    direction = problem.direction
  }

  func nanoseconds(_ algorithm: ConvolutionAlgorithm) -> Double {
    switch algorithm {
    case OneDNNBackend.winograd: winograd
    case OneDNNBackend.bf16: bf16
    default: shape.macsInside * (isOfWeights ? 0.0213 : 0.0171)
    }
  }

  private var isOfWeights: Bool { direction == .backwardWeights }
  private var weights: Double { Double(shape.inChannels * shape.outChannels) }

  /// Twice the speed, but activations are rounded first, and gradients of many weights are written slowly.
  private var bf16: Double {
    let gradients = isOfWeights ? 1.6 * weights * Double(shape.kernelSize * shape.kernelSize) : 0
    return shape.macsInside * (isOfWeights ? 0.01026 : 0.00851) + 0.22 * Double(shape.numbersRead(direction))
      + gradients
  }

  /// 36 matrix products over the tiles; besides, weights and tiles are transformed in every call, which is what few
  /// tiles of many channels do not repay.
  private var winograd: Double {
    let tiles = Double(shape.tiles)
    let tileTransforms = (isOfWeights ? 0.57 : 0.3) * tiles * Double(shape.inChannels + shape.outChannels)
    return 36 * (weights * (0.019 * tiles + 0.6) + tileTransforms)
  }

  /// The rows that one call of the library takes; what calls add to the weights' gradient is summed in their order.
  ///
  /// Two things are faster where a call's maps stay in the cache: Winograd's gradient of few channels' weights (64
  /// channels of 56×56, 16 rows: 15.9 instead of 19.8 ms), and maps that are rounded to bf16 before (1×1, 64 to 128
  /// channels of 32×32, 64 rows: 2.2 instead of 2.6 ms), unless a large gradient would be added up.
  func rowsInCall(_ algorithm: ConvolutionAlgorithm) -> Int {
    var part = shape
    func halve(while isLarge: (ConvolutionShape) -> Bool) {
      while part.rows % 2 == 0, isLarge(part) { part.rows /= 2 }
    }
    switch algorithm {
    case OneDNNBackend.winograd where isOfWeights && max(shape.inChannels, shape.outChannels) <= 128:
      halve { $0.tiles * $0.outChannels > 32768 }
    case OneDNNBackend.bf16 where !isOfWeights || shape.weightCount <= 100_000:
      halve { $0.numbersRead(direction) > 262_144 }
    default: break
    }
    return part.rows
  }
}

extension ConvolutionShape {
  fileprivate var weightCount: Int { inChannels * outChannels * kernelSize * kernelSize }

  /// Winograd's tiles of 4×4 outputs.
  fileprivate var tiles: Int { rows * ((outHeight + 3) / 4) * ((outWidth + 3) / 4) }

  /// Numbers in the maps that a run reads.
  fileprivate func numbersRead(_ direction: Convolution.Direction) -> Int {
    let input = rows * inChannels * height * width
    let output = rows * outChannels * outHeight * outWidth
    return switch direction {
    case .forward: input
    case .backwardData: output
    case .backwardWeights: input + output
    }
  }
}
