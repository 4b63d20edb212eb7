import GoldenCases
import Tensors
import TestSupport
import Testing

@testable import Layers

@Suite struct LinearTests {
  @Test(arguments: [
    (6, 9, 4, Linear.Bias.learned), (1, 5, 3, .none), (8, 1, 1, .learned), (4, 33, 17, .frozen),
  ])
  func gradientsMatchFiniteDifferences(rows: Int, inputs: Int, outputs: Int, bias: Linear.Bias) throws {
    for variant in PassVariant.all(images: rows) {
      var numbers = TestNumbers(seed: 8)
      let layer = Linear("test", inFeatures: inputs, outFeatures: outputs, bias: bias)
      layer.weight.array = numbers.normals(layer.weight.count)
      layer.bias?.array = numbers.normals(outputs)
      let x = numbers.normals(rows * inputs)
      let coefficients = numbers.normals(rows * outputs)
      let pass = variant.pass(rows: rows)
      func loss(_ x: [Float]) throws -> Double {
        weightedSum(
          try layer.forward(Tensor(rows: rows, columns: inputs, x), in: pass).values, coefficients)
      }
      let dx = try layer.backward(
        Tensor(rows: rows, columns: outputs, coefficients),
        input: Tensor(rows: rows, columns: inputs, x), in: pass)
      #expect(try gradientError(dx.values, at: x, step: 0.5, loss: loss) < 1e-4)
      for parameter in layer.parameters where parameter.isTrainable {
        let values = parameter.array
        let error = try gradientError(parameter.gradientArray, at: values, step: 0.5) {
          parameter.array = $0
          return try loss(x)
        }
        parameter.array = values
        #expect(error < 1e-4, "\(parameter.name), \(variant)")
      }
      if bias == .frozen {
        #expect(layer.bias?.gradientArray.allSatisfy { $0 == 0 } == true, "a frozen bias has no gradient")
      }
    }
  }
}

@Suite struct PoolingTests {
  /// Pooling of normalised maps, in the order in which the stem does it: the values pooled, then normalised. Scales
  /// of either sign; all values differ by more than the step, so that no winner changes.
  @Test(arguments: [
    (MaxPool.overlapping, [2, 5, 7, 5]), (.overlapping, [2, 1, 3, 3]), (.overlapping, [2, 17, 4, 6]),
    (.overlapping, [4, 3, 1, 2]), (.sideBySide, [2, 5, 7, 5]), (.sideBySide, [2, 17, 4, 6]),
    (.sideBySide, [4, 3, 3, 2]),
  ])
  func maximumOfNormalizedGradientMatchesFiniteDifferences(pool: MaxPool, shape: [Int]) throws {
    for variant in PassVariant.all(images: shape[0]) {
      var numbers = TestNumbers(seed: 10)
      let count = shape.reduce(1, *)
      let x = (0..<count).shuffled(using: &numbers).map { Float($0) * 0.125 - 20 }
      let layer = BatchNorm("test", channels: shape[1])
      layer.weight!.array = (0..<shape[1]).map { $0 % 2 == 0 ? 1.5 : -0.75 }
      // Above all values, or below: no sum is near the kink.
      layer.bias!.array = (0..<shape[1]).map { $0 % 3 == 2 ? -9 : 9 }
      let pass = variant.pass(rows: shape[0])
      func forward(_ x: [Float]) throws -> (Tensor, BatchNorm.Statistics, MaxPool.Output, y: PooledMap) {
        let x = Tensor(shape: shape, lanes: variant.lanes, x)
        let statistics = try layer.statistics(of: x, in: pass)
        let output = try pool.forward(x, normalizedBy: statistics, in: pass)
        return (x, statistics, output, try layer.normalizeAndPool(output.values, statistics, in: pass))
      }
      let (input, statistics, output, y) = try forward(x)
      #expect(
        y.map.values == maxima(of: try layer.normalize(input, statistics, relu: true, in: pass), pool),
        "\(variant)")
      let coefficients = numbers.normals(y.map.values.count)
      let dy = Tensor(
        rows: shape[0], channels: shape[1], height: y.map.height, width: y.map.width, lanes: y.map.lanes,
        values: coefficients)
      let (g, derivative) = try layer.reluBackward(
        MapGradient(dy), input: output.values, statistics, in: pass)
      let dx = try MaxPool.backward(g, output, input: input, derivative, in: pass)
      let error = try gradientError(dx.values, at: x, step: 0.0078125) {
        weightedSum(try forward($0).y.map.values, coefficients)
      }
      #expect(error < 2e-3, "\(variant)")
    }
  }

  /// As PyTorch has them: a last odd row that no window begins at is left out without padding.
  @Test func sizesAreThoseOfPyTorch() {
    #expect([1, 2, 3, 4, 5, 112].map(MaxPool.overlapping.outputSize) == [1, 1, 2, 2, 3, 56])
    #expect([1, 2, 3, 4, 5, 112].map(MaxPool.sideBySide.outputSize) == [0, 1, 1, 2, 2, 56])
  }

  /// Windows two pixels apart, with padding that never wins, value by value.
  private func maxima(of x: Tensor, _ pool: MaxPool) -> [Float] {
    let values = x.values
    var result: [Float] = []
    for plane in 0..<x.rows * x.channels {
      for h in 0..<pool.outputSize(x.height) {
        for w in 0..<pool.outputSize(x.width) {
          let rows = max(2 * h - pool.padding, 0)...min(2 * h + 1, x.height - 1)
          let columns = max(2 * w - pool.padding, 0)...min(2 * w + 1, x.width - 1)
          let window = rows.flatMap { h in columns.map { values[(plane * x.height + h) * x.width + $0] } }
          result.append(window.max()!)
        }
      }
    }
    return result
  }
}
