import GoldenCases
import Layers
import Tensors
import TestSupport
import Testing

@testable import Networks

@Suite struct BottleneckTests {
  struct Case: Sendable, CustomStringConvertible {
    let inChannels: Int
    let width: Int
    let stride: Int
    let height: Int
    let mapWidth: Int
    var gated = true

    var description: String {
      "\(inChannels) channels of \(height)×\(mapWidth), \(width) inside, stride \(stride)"
        + (gated ? "" : ", no gates")
    }

    static let all = [
      Case(inChannels: 32, width: 8, stride: 1, height: 3, mapWidth: 2),
      Case(inChannels: 12, width: 9, stride: 2, height: 5, mapWidth: 3),
      Case(inChannels: 12, width: 8, stride: 1, height: 2, mapWidth: 2, gated: false),
    ]
  }

  /// Batch norms that leave whole channels on or off, so that no ReLU is near its kink.
  private func makeBlock(_ c: Case, _ numbers: inout TestNumbers) -> Bottleneck {
    let block = Bottleneck(
      .alone(.bottleneck, inChannels: c.inChannels, width: c.width, stride: c.stride, gated: c.gated))
    for parameter in block.parameters { parameter.array = numbers.normals(parameter.count) }
    settle(block.gate1?.batchNorm, scale: 0.4, shift: 2, &numbers)
    settle(block.gate2?.batchNorm, scale: 0.4, shift: 2, &numbers)
    settle(block.bn1, scale: 0.5, shift: 3, &numbers)
    settle(block.bn2, scale: 0.5, shift: 3, &numbers)
    settle(block.bn3, scale: 0.5, shift: 9, &numbers)
    settle(block.downsample?.batchNorm, scale: 0.5, shift: 0, &numbers)
    return block
  }

  /// Two views of six images in shards of two, both gates on their soft path. Besides the output the loss holds each
  /// image's product of the two gates' counts, as the budget does: every image has its own gradient at its masks.
  @Test(arguments: Case.all)
  func gradientsMatchFiniteDifferences(_ c: Case) throws {
    var numbers = TestNumbers(seed: 44)
    let block = makeBlock(c, &numbers)
    let shape = [12, c.inChannels, c.height, c.mapWidth]
    // Images differ in their means too, which is what the gates see.
    let pixels = c.height * c.mapWidth
    let means = numbers.normals(12 * c.inChannels)
    let x = numbers.normals(shape.reduce(1, *)).enumerated().map { $1 + means[$0 / pixels] }
    let pool = WorkerPool.forKernels(threads: 2)
    let ready = ReadyParameters()
    func makePass() -> Pass {
      Pass(
        .training, rows: 12, views: 2, shardSize: 2, pool: pool, noise: DrawnNoise(seed: 1), softGates: true,
        listener: ready)
    }
    let prices = numbers.normals(12).map { Double($0) / 8 }
    var coefficients: [Float] = []
    func loss(_ x: [Float]) throws -> Double {
      let pass = makePass()
      let (y, gates) = try block.forward(PooledMap(Tensor(shape: shape, lanes: pass.lanes, x)), in: pass)
      let open = gates.map(\.maskSums)
      return weightedSum(y.map.values, coefficients)
        + (c.gated ? prices.indices.reduce(0) { $0 + prices[$1] * open[0][$1] * open[1][$1] } : 0)
    }

    let pass = makePass()
    let input = Tensor(shape: shape, lanes: pass.lanes, x)
    let (output, gates) = try block.forward(PooledMap(input), in: pass)
    let y = output.map
    #expect(y.channels == 4 * c.width && y.height == (c.height + c.stride - 1) / c.stride)
    #expect(y.values.contains(0) && y.values.contains { $0 > 0 })
    #expect(gates.count == (c.gated ? 2 : 0))
    coefficients = numbers.normals(y.values.count)
    let open = gates.map(\.maskSums)
    let maskGradients = open.reversed().map { other in
      MaskGradient(all: zip(prices, other).map(*), open: other.map { _ in 0 })
    }
    let dy = Tensor(
      rows: 12, channels: y.channels, height: y.height, width: y.width, lanes: y.lanes, values: coefficients
    )
    let dx = try block.backward(MapGradient(dy), maskGradients: maskGradients, in: pass).values(like: input)
    #expect(ready.names == block.parameters.reversed().map(\.name))

    #expect(try gradientError(dx, at: x, step: 1e-2, loss: loss) < 5e-3, "dx")
    // Without a mask a channel's shift is the same everywhere, so BN₃ takes it out again: a gradient of rounding alone.
    for parameter in block.parameters where c.gated || parameter !== block.bn2.bias {
      let values = parameter.array
      let error = try gradientError(parameter.gradientArray, at: values, step: 1e-2) {
        parameter.array = $0
        return try loss(x)
      }
      parameter.array = values
      // Of a gate's few hidden units one may have its kink within a step: which, rounding decides.
      let isGate = [block.gate1, block.gate2].contains { $0?.squeeze.weight === parameter }
      #expect(error < (isGate ? 2e-2 : 5e-3), "\(parameter.name)")
    }
  }

  /// A closed channel of either gate contributes nothing: the next convolution's weights for it do not matter.
  @Test func closedChannelsDoNotMatter() throws {
    var numbers = TestNumbers(seed: 45)
    let block = makeBlock(Case.all[0], &numbers)
    for (gate, next, outputs, pixels) in [
      (try #require(block.gate1), block.conv2, 8, 9), (try #require(block.gate2), block.conv3, 32, 1),
    ] {
      // Hidden units are all on, and an output channel is open where its weights are positive.
      let hidden = gate.batchNorm.channels
      gate.batchNorm.bias!.array = Array(repeating: 100, count: hidden)
      gate.excite.weight.array = (0..<8).flatMap { Array(repeating: $0 == 4 ? Float(-1) : 1, count: hidden) }
      let pass = PassVariant(shardSize: 2).pass(.evaluation, rows: 4)
      let x = Tensor(shape: [4, 32, 3, 2], lanes: pass.lanes, numbers.normals(4 * 32 * 6))
      let (before, gates) = try block.forward(PooledMap(x), in: pass)
      #expect(gates[gate.index].openCounts == [7, 7, 7, 7])
      var weights = next.weight.array
      for out in 0..<outputs { for i in 0..<pixels { weights[(out * 8 + 4) * pixels + i] = 1000 } }
      next.weight.array = weights
      #expect(try block.forward(PooledMap(x), in: pass).output.map.values == before.map.values)
    }
  }
}
