import GoldenCases
import Tensors
import TestSupport
import Testing

@testable import Layers

@Suite struct ConvolutionTests {
  struct Case: Sendable, CustomStringConvertible {
    let images: Int
    let inChannels: Int
    let outChannels: Int
    let height: Int
    let width: Int
    let kernelSize: Int
    let stride: Int
    let padding: Int

    var description: String {
      "\(images)×\(inChannels)×\(height)×\(width) to \(outChannels), \(kernelSize)×\(kernelSize), stride \(stride), "
        + "padding \(padding)"
    }

    static let all = [
      Case(
        images: 2, inChannels: 16, outChannels: 16, height: 9, width: 9, kernelSize: 3, stride: 1, padding: 1),
      Case(
        images: 2, inChannels: 16, outChannels: 32, height: 7, width: 5, kernelSize: 3, stride: 2, padding: 1),
      Case(
        images: 2, inChannels: 8, outChannels: 12, height: 8, width: 10, kernelSize: 3, stride: 2, padding: 1),
      Case(
        images: 3, inChannels: 16, outChannels: 32, height: 5, width: 5, kernelSize: 1, stride: 2, padding: 0),
      Case(
        images: 2, inChannels: 5, outChannels: 7, height: 1, width: 1, kernelSize: 1, stride: 1, padding: 0),
      Case(
        images: 1, inChannels: 3, outChannels: 16, height: 13, width: 11, kernelSize: 7, stride: 2, padding: 3
      ),
      Case(
        images: 2, inChannels: 3, outChannels: 8, height: 6, width: 6, kernelSize: 3, stride: 1, padding: 2),
      Case(
        images: 1, inChannels: 1, outChannels: 1, height: 4, width: 3, kernelSize: 3, stride: 1, padding: 1),
      Case(
        images: 1, inChannels: 33, outChannels: 40, height: 4, width: 4, kernelSize: 3, stride: 1, padding: 1),
    ]

    var inputCount: Int { images * inChannels * height * width }

    /// Kernels that use this algorithm for all directions of the case, in shards of so many images.
    func always(_ algorithm: ConvolutionAlgorithm, shardSize: Int) -> ConvolutionKernels {
      .always(
        algorithm,
        ConvolutionShape(
          rows: shardSize, inChannels: inChannels, height: height, width: width, outChannels: outChannels,
          kernelSize: kernelSize, stride: stride, padding: padding))
    }

    func makeLayer(_ kernels: ConvolutionKernels) -> Convolution {
      Convolution(
        "test", inChannels: inChannels, outChannels: outChannels, kernelSize: kernelSize, stride: stride,
        padding: padding, kernels: kernels)
    }

    func tensor(_ values: [Float], lanes: Int) -> Tensor {
      Tensor(rows: images, channels: inChannels, height: height, width: width, lanes: lanes, values: values)
    }
  }

  @Test(arguments: Case.all, ConvolutionBackends.linked.available.filter { $0.precision == .f32 })
  func gradientsMatchFiniteDifferences(_ c: Case, _ algorithm: ConvolutionAlgorithm) throws {
    for variant in PassVariant.all(images: c.images) {
      let layer = c.makeLayer(c.always(algorithm, shardSize: variant.shardSize))
      var numbers = TestNumbers(seed: 1)
      let x = numbers.normals(c.inputCount)
      let weights = numbers.normals(layer.weight.count)
      let pass = variant.pass(rows: c.images)
      func output(_ x: [Float], _ weights: [Float]) throws -> Tensor {
        layer.weight.array = weights
        return try layer.forward(c.tensor(x, lanes: variant.lanes), in: pass)
      }
      let y = try output(x, weights)
      let coefficients = numbers.normals(y.values.count)
      let dy = Tensor(
        rows: y.rows, channels: y.channels, height: y.height, width: y.width, lanes: y.lanes,
        values: coefficients)
      let dx = try layer.backward(dy, input: c.tensor(x, lanes: variant.lanes), in: pass)
      let dw = layer.weight.gradientArray
      // A convolution is linear in each: the step's size costs nothing.
      let inputError = try gradientError(dx?.values ?? [], at: x, step: 0.5) {
        weightedSum(try output($0, weights).values, coefficients)
      }
      let weightError = try gradientError(dw, at: weights, step: 0.5) {
        weightedSum(try output(x, $0).values, coefficients)
      }
      #expect(inputError < 1e-4, "dx, \(variant)")
      #expect(weightError < 1e-4, "dw, \(variant)")
    }
  }

  /// The first layer takes images in plain NCHW; layouts must not change what comes out.
  @Test func takesPlainImages() throws {
    let c = Case(
      images: 2, inChannels: 3, outChannels: 16, height: 12, width: 10, kernelSize: 3, stride: 1, padding: 1)
    var numbers = TestNumbers(seed: 2)
    let x = numbers.normals(c.inputCount)
    let layer = c.makeLayer(.direct)
    layer.weight.array = numbers.normals(layer.weight.count)
    let pass = PassVariant(shardSize: 1).pass(rows: c.images)
    let plain = try layer.forward(c.tensor(x, lanes: 1), in: pass)
    let blocked = try layer.forward(c.tensor(x, lanes: pass.lanes), in: pass)
    #expect(maxRelativeToLargest(plain.values, blocked.values) < 1e-6)
  }

  /// Winograd's transformations cost digits: on these shapes, a ResNet-18's, up to 2.5e-6 of the largest
  /// number were measured forward and 3.5e-6 backward.
  @Test(arguments: [(64, 32), (128, 16), (256, 8), (512, 4), (16, 34), (40, 17)])
  func winogradIsCloseToDirect(channels: Int, size: Int) throws {
    let c = Case(
      images: 4, inChannels: channels, outChannels: channels, height: size, width: size, kernelSize: 3,
      stride: 1,
      padding: 1)
    for lanes in PassVariant.allLanes {
      let pass = PassVariant(lanes: lanes, shardSize: 2, threads: 2).pass(rows: c.images)
      let algorithms = [
        OneDNNBackend.direct, OneDNNBackend.winograd, SluiceBackend.direct, SluiceBackend.winograd,
      ]
      let results = try algorithms.map { algorithm in
        var numbers = TestNumbers(seed: 3)
        let layer = c.makeLayer(c.always(algorithm, shardSize: 2))
        let fanOut = Float(9 * channels)
        layer.weight.array = numbers.normals(layer.weight.count).map { $0 * (2 / fanOut).squareRoot() }
        let x = c.tensor(numbers.normals(c.inputCount).map { max($0, 0) }, lanes: lanes)
        let y = try layer.forward(x, in: pass)
        let dy = c.tensor(numbers.normals(c.inputCount), lanes: lanes)
        let dx = try layer.backward(dy, input: x, in: pass)
        return [y.values, dx?.values ?? [], layer.weight.gradientArray]
      }
      for (algorithm, result) in zip(algorithms, results).dropFirst() {
        for (name, (direct, other)) in zip(["y", "dx", "dw"], zip(results[0], result)) {
          let error = maxRelativeToLargest(other, direct)
          #expect(error < 1e-5, "\(name), \(algorithm), \(lanes) lanes")
        }
      }
    }
  }

  /// Winograd's gradient of few channels' weights is computed and added in parts of a shard.
  @Test func partsOfAShardAddUp() throws {
    let c = Case(
      images: 24, inChannels: 64, outChannels: 64, height: 30, width: 30, kernelSize: 3, stride: 1, padding: 1
    )
    let shape = ConvolutionShape(
      rows: 24, inChannels: 64, height: 30, width: 30, outChannels: 64, kernelSize: 3, stride: 1, padding: 1)
    func rows(_ direction: Convolution.Direction, _ algorithm: ConvolutionAlgorithm) -> Int {
      OneDNNCost(ConvolutionProblem(shape, direction)).rowsInCall(algorithm)
    }
    #expect(rows(.backwardWeights, OneDNNBackend.winograd) == 6)
    #expect(rows(.forward, OneDNNBackend.winograd) == 24)
    #expect(rows(.backwardWeights, OneDNNBackend.direct) == 24)
    var numbers = TestNumbers(seed: 4)
    let x = numbers.normals(c.inputCount)
    let dy = numbers.normals(c.inputCount)
    let gradients = try [OneDNNBackend.direct, OneDNNBackend.winograd].map { algorithm in
      let layer = c.makeLayer(c.always(algorithm, shardSize: c.images))
      let pass = PassVariant(shardSize: c.images).pass(rows: c.images)
      _ = try layer.backward(
        c.tensor(dy, lanes: pass.lanes), input: c.tensor(x, lanes: pass.lanes), needsInputGradient: false,
        in: pass)
      return layer.weight.gradientArray
    }
    #expect(maxRelativeToLargest(gradients[1], gradients[0]) < 1e-5)
  }
}
