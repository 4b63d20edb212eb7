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
  @Test(arguments: [[2, 5, 3, 4], [1, 1, 1, 1], [3, 17, 2, 2]])
  func averageGradientMatchesFiniteDifferences(shape: [Int]) throws {
    for variant in PassVariant.all(images: shape[0]) {
      var numbers = TestNumbers(seed: 9)
      let x = numbers.normals(shape.reduce(1, *))
      let coefficients = numbers.normals(shape[0] * shape[1])
      let pass = variant.pass(rows: shape[0])
      let input = Tensor(shape: shape, lanes: variant.lanes, x)
      let dy = Tensor(rows: shape[0], columns: shape[1], coefficients)
      let dx = try GlobalAveragePool.backward(dy, input: input, in: pass)
      let error = try gradientError(dx.values, at: x, step: 0.5) {
        weightedSum(
          try GlobalAveragePool.forward(Tensor(shape: shape, lanes: variant.lanes, $0), in: pass).values,
          coefficients)
      }
      #expect(error < 1e-4, "\(variant)")

      let sum = Tensor(shape: shape, lanes: variant.lanes, x)
      try GlobalAveragePool.addBackward(dy, to: sum, in: pass)
      #expect(sum.values == zip(x, dx.values).map(+), "adds to what is there, \(variant)")
    }
  }

  /// All values differ by at least ten steps, so that no winner changes.
  @Test(arguments: [[2, 5, 7, 5], [1, 1, 1, 1], [2, 17, 4, 6]])
  func maximumGradientMatchesFiniteDifferences(shape: [Int]) throws {
    for variant in PassVariant.all(images: shape[0]) {
      var numbers = TestNumbers(seed: 10)
      let count = shape.reduce(1, *)
      let x = (0..<count).shuffled(using: &numbers).map { Float($0) * 0.125 - 20 }
      let pass = variant.pass(rows: shape[0])
      func forward(_ x: [Float]) throws -> MaxPool.Output {
        try MaxPool.forward(Tensor(shape: shape, lanes: variant.lanes, x), in: pass)
      }
      let output = try forward(x)
      let coefficients = numbers.normals(output.maxima.values.count)
      let y = output.maxima
      let dy = Tensor(
        images: y.images, channels: y.channels, height: y.height, width: y.width, lanes: y.lanes,
        values: coefficients)
      let dx = try MaxPool.backward(
        dy, input: Tensor(shape: shape, lanes: variant.lanes, x), winners: output.winners, in: pass)
      let error = try gradientError(dx.values, at: x, step: 0.0078125) {
        weightedSum(try forward($0).maxima.values, coefficients)
      }
      #expect(error < 1e-4, "\(variant)")
    }
  }
}
