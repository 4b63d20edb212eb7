import Tensors
import TestSupport
import Testing

@testable import Layers

@Suite struct PackedWeightsTests {
  /// Passes that share them pack once; a kernel of another shape packs anew.
  @Test func weightsArePackedOnce() throws {
    let convolution = Convolution("c", inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1)
    var numbers = TestNumbers(seed: 1)
    convolution.weight.array = numbers.normals(convolution.weight.count)
    let kept = PackedWeights()
    func output(rows: Int, _ weights: PackedWeights?) throws -> [Float] {
      var numbers = TestNumbers(seed: 2)
      let x = Tensor(shape: [rows, 8, 8, 8], lanes: 8, numbers.normals(rows * 8 * 64))
      let surroundings = Surroundings(pool: WorkerPool(threads: 1), lanes: 8, packedWeights: weights)
      let pass = Pass(.evaluation, RowLayout(images: rows, views: 1, shardSize: rows), in: surroundings)
      return try convolution.forward(x, in: pass).values
    }
    let expected = try output(rows: 4, nil)
    #expect(try output(rows: 4, kept) == expected)
    convolution.weight.array = Array(repeating: 0, count: convolution.weight.count)
    #expect(try output(rows: 4, kept) == expected, "the weights were packed again")
    #expect(try output(rows: 2, kept).allSatisfy { $0 == 0 }, "weights of another kernel were taken")
  }
}
