import GoldenCases
import Tensors
import TestSupport
import Testing

@testable import Layers

/// Convolutions on activations and weights rounded to bf16, which has 8 significant bits.
@Suite(.enabled(if: OneDNNBackend.bf16.isAvailable, "the processor has no bf16 instructions"))
struct BF16ConvolutionTests {
  struct Case: Sendable, CustomStringConvertible {
    let inChannels: Int
    let outChannels: Int
    let size: Int
    let kernelSize: Int
    let stride: Int
    var takesImages: Bool { inChannels == 3 }
    var description: String {
      "\(inChannels)×\(size)×\(size) to \(outChannels), \(kernelSize)×\(kernelSize)/\(stride)"
    }

    static let all = [
      Case(inChannels: 64, outChannels: 64, size: 9, kernelSize: 3, stride: 1),
      Case(inChannels: 64, outChannels: 128, size: 8, kernelSize: 3, stride: 2),
      Case(inChannels: 32, outChannels: 64, size: 7, kernelSize: 1, stride: 2),
      Case(inChannels: 3, outChannels: 16, size: 21, kernelSize: 7, stride: 2),
      Case(inChannels: 12, outChannels: 20, size: 6, kernelSize: 3, stride: 1),
    ]

    static let images = 8

    /// y, dx and dw of all ranks' images, and the weights afterwards.
    func results(
      _ algorithm: ConvolutionAlgorithm, shardSize: Int = 2, ranks: Int = 1, threads: Int = 1
    ) throws -> [[Float]] {
      let shape = ConvolutionShape(
        rows: shardSize, inChannels: inChannels, height: size, width: size, outChannels: outChannels,
        kernelSize: kernelSize, stride: stride, padding: kernelSize / 2)
      let parts = try ThreadRanks(ranks).run { rank in
        var numbers = TestNumbers(seed: 5)
        let layer = Convolution(
          "test", inChannels: inChannels, outChannels: outChannels, kernelSize: kernelSize, stride: stride,
          padding: kernelSize / 2, kernels: .always(algorithm, shape))
        layer.weight.array = numbers.normals(layer.weight.count)
        let store = ParameterStore([layer.weight])
        let images = Self.images / ranks
        let pass = Pass(
          .training, rows: images, shardSize: shardSize, pool: .forKernels(threads: threads), reducer: rank)
        func own(_ values: [Float]) -> [Float] {
          let width = values.count / Self.images
          return Array(values[rank.rank * images * width..<(rank.rank + 1) * images * width])
        }
        let x = Tensor(
          shape: [images, inChannels, size, size], lanes: takesImages ? 1 : pass.lanes,
          own(numbers.normals(Self.images * inChannels * size * size)))
        let y = try layer.forward(x, in: pass)
        let out = shape.outHeight * shape.outWidth * outChannels
        let dy = Tensor(
          shape: [images, outChannels, shape.outHeight, shape.outWidth], lanes: pass.lanes,
          own(numbers.normals(Self.images * out)))
        let dx = try layer.backward(dy, input: x, needsInputGradient: !takesImages, in: pass)
        try rank.sumGradients(store)
        return [y.values, dx?.values ?? [], layer.weight.gradientArray, layer.weight.array]
      }
      return (0..<2).map { i in parts.flatMap { $0[i] } } + parts[0].suffix(2)
    }
  }

  /// Rounding to 8 bits is off by up to 2⁻⁹ of a number; sums of products of two are closer to 3e-3 than to 1e-2.
  @Test(arguments: Case.all)
  func isCloseToF32(_ c: Case) throws {
    let bf16 = try c.results(OneDNNBackend.bf16)
    let f32 = try c.results(OneDNNBackend.direct)
    for (name, (found, expected)) in zip(["y", "dx", "dw"], zip(bf16, f32)) where !expected.isEmpty {
      let error = relativeL2(found, expected)
      #expect(error < 1e-2, "\(name)")
      #expect(error > 1e-4, "\(name) is not bf16's: another kernel has computed it")
    }
    #expect(bf16[3] == f32[3], "the weights themselves are not rounded")
  }

  /// What is written is f32: numbers that bf16 does not have.
  @Test func resultsAreNotRounded() throws {
    for values in try Case.all[0].results(OneDNNBackend.bf16).prefix(3) {
      let rounded = values.count { $0.bitPattern & 0xFFFF == 0 }
      #expect(rounded < values.count / 100)
    }
  }

  /// Contract C1.
  @Test(arguments: Case.all)
  func threadsAndRanksChangeNoBit(_ c: Case) throws {
    let reference = try c.results(OneDNNBackend.bf16)
    for (ranks, threads) in [(1, 2), (1, 3), (2, 1), (2, 2), (4, 1)] {
      #expect(
        try c.results(OneDNNBackend.bf16, ranks: ranks, threads: threads) == reference,
        "\(ranks) ranks, \(threads) threads")
    }
  }
}
