import Layers
import Tensors

/// Times one kernel, on its own memory.
struct KernelTiming {
  private let kernel: any ConvolutionKernel
  private let input: Tensor
  private let output: Tensor
  private let weights: Storage
  /// More than the last cache holds: what lies between two convolutions of a step pushes their maps out of it.
  private let others = Tensor(rows: 1, columns: 16 << 20)

  init(_ kernel: any ConvolutionKernel, _ problem: ConvolutionProblem) throws {
    self.kernel = kernel
    let shape = problem.shape
    input = Tensor(
      rows: shape.rows, channels: shape.inChannels, height: shape.height, width: shape.width,
      lanes: problem.inLanes)
    output = Tensor(
      rows: shape.rows, channels: shape.outChannels, height: shape.outHeight, width: shape.outWidth,
      lanes: problem.lanes)
    let plain = Tensor(
      rows: shape.outChannels, columns: shape.inChannels * shape.kernelSize * shape.kernelSize)
    // Any numbers that are neither zero nor slow to compute with.
    for tensor in [input, output, plain, others] {
      for i in 0..<tensor.count { tensor.pointer[i] = Float(i % 1009) / 1009 - 0.45 }
    }
    weights =
      problem.direction == .backwardWeights
      ? Tensor(rows: 1, columns: kernel.packedCount).storage : try kernel.packed(plain.pointer)
  }

  /// Seconds of one run, with cold caches, as the median of several.
  func seconds(repetitions: Int) throws -> Double {
    var times: [Double] = []
    for _ in 0...repetitions {
      for i in stride(from: 0, to: others.count, by: 16) { others.pointer[i] += 1 }
      let begin = ContinuousClock.now
      try kernel.run(input: input.pointer, weights: weights.pointer, output: output.pointer)
      times.append((ContinuousClock.now - begin) / .seconds(1))
    }
    return median(Array(times.dropFirst()))
  }
}
