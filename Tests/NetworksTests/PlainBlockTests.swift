import GoldenCases
import Layers
import Tensors
import TestSupport
import Testing

@testable import Networks

@Suite struct PlainBlockTests {
  struct Case: Sendable, CustomStringConvertible {
    let inChannels: Int
    /// Of each convolution.
    let channels: [Int]
    let height: Int
    let width: Int
    var gated = true
    var pool: MaxPool? = .sideBySide

    var description: String {
      "\(inChannels) to \(channels) channels of \(height)×\(width)" + (gated ? "" : ", no gates")
        + (pool == nil ? ", no pool" : "")
    }

    static let all = [
      Case(inChannels: 12, channels: [9, 8, 10], height: 5, width: 4),
      Case(inChannels: 8, channels: [12, 12], height: 2, width: 3, pool: nil),
      Case(inChannels: 5, channels: [7], height: 4, width: 4),
      Case(inChannels: 8, channels: [8, 9], height: 4, width: 2, gated: false),
    ]
  }

  /// Batch norms that leave whole channels on or off, so that no ReLU is near its kink.
  private func makeBlock(_ c: Case, _ numbers: inout TestNumbers) -> PlainBlock {
    var builder = BlockBuilder(channels: c.inChannels, size: 4)
    let layers = c.channels.enumerated().map { index, channels in
      BlockBuilder.Layer(
        name: "conv\(index)", batchNorm: "bn\(index)", kernelSize: 3, channels: channels,
        gate: c.gated && index < c.channels.count - 1 ? "gate\(index)" : nil)
    }
    builder.add("stage1", layers, shortcut: .none, pool: c.pool)
    let block = PlainBlock(BlockParts(of: builder))
    for parameter in block.parameters { parameter.array = numbers.normals(parameter.count) }
    for layer in block.layers {
      settle(layer.gate?.batchNorm, scale: 0.4, shift: 2, &numbers)
      settle(layer.batchNorm, scale: 0.5, shift: 3, &numbers)
    }
    return block
  }

  /// Two views of six images in shards of two, gates on their soft path. Besides the output the loss holds each image's
  /// product of all gates' counts, as the budget holds those of neighbours.
  @Test(arguments: Case.all)
  func gradientsMatchFiniteDifferences(_ c: Case) throws {
    var numbers = TestNumbers(seed: 47)
    let block = makeBlock(c, &numbers)
    let shape = [12, c.inChannels, c.height, c.width]
    // Images differ in their means too, which is what the gates see.
    let pixels = c.height * c.width
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
    func product(_ open: [[Double]], without gate: Int? = nil) -> [Double] {
      prices.indices.map { row in
        open.enumerated().reduce(prices[row]) { $1.offset == gate ? $0 : $0 * $1.element[row] }
      }
    }
    var coefficients: [Float] = []
    func loss(_ x: [Float]) throws -> Double {
      let pass = makePass()
      let (y, gates) = try block.forward(PooledMap(Tensor(shape: shape, lanes: pass.lanes, x)), in: pass)
      return weightedSum(y.map.values, coefficients)
        + (gates.isEmpty ? 0 : product(gates.map(\.maskSums)).reduce(0, +))
    }

    let pass = makePass()
    let input = Tensor(shape: shape, lanes: pass.lanes, x)
    let (output, gates) = try block.forward(PooledMap(input), in: pass)
    let y = output.map
    #expect(y.channels == c.channels.last && y.height == c.pool?.outputSize(c.height) ?? c.height)
    #expect(y.values.contains(0) && y.values.contains { $0 > 0 })
    #expect(gates.count == (c.gated ? c.channels.count - 1 : 0))
    #expect(maxRelativeToLargest(output.means.values, y.means.values) < 1e-6)
    coefficients = numbers.normals(y.values.count)
    let open = gates.map(\.maskSums)
    let maskGradients = open.indices.map { gate in
      MaskGradient(all: product(open, without: gate), open: prices.map { _ in 0 })
    }
    let dy = Tensor(
      rows: 12, channels: y.channels, height: y.height, width: y.width, lanes: y.lanes, values: coefficients
    )
    let dx = try block.backward(MapGradient(dy), maskGradients: maskGradients, in: pass).values(like: input)
    #expect(ready.names == block.parameters.reversed().map(\.name))

    #expect(try gradientError(dx, at: x, step: 1e-3, loss: loss) < 5e-3, "dx")
    for layer in block.layers {
      let own = (layer.gate?.parameters ?? []) + [layer.convolution.weight] + layer.batchNorm.parameters
      for parameter in own {
        let values = parameter.array
        let error = try gradientError(parameter.gradientArray, at: values, step: 1e-3) {
          parameter.array = $0
          return try loss(x)
        }
        parameter.array = values
        #expect(error < (layer.gate?.squeeze.weight === parameter ? 2e-2 : 5e-3), "\(parameter.name)")
      }
    }
  }

  /// A closed channel of any gate contributes nothing: the next convolution's weights for it do not matter.
  @Test func closedChannelsDoNotMatter() throws {
    var numbers = TestNumbers(seed: 48)
    let block = makeBlock(Case.all[0], &numbers)
    for (layer, next) in zip(block.layers, block.layers.dropFirst()) {
      let gate = try #require(layer.gate)
      // Hidden units are all on, and an output channel is open where its weights are positive.
      let (hidden, channels) = (gate.batchNorm.channels, layer.batchNorm.channels)
      gate.batchNorm.bias!.array = Array(repeating: 100, count: hidden)
      gate.excite.weight.array = (0..<channels).flatMap {
        Array(repeating: $0 == 4 ? Float(-1) : 1, count: hidden)
      }
      let pass = PassVariant(shardSize: 2).pass(.evaluation, rows: 4)
      let x = Tensor(shape: [4, 12, 5, 4], lanes: pass.lanes, numbers.normals(4 * 12 * 20))
      let (before, gates) = try block.forward(PooledMap(x), in: pass)
      #expect(gates[gate.index].openCounts == Array(repeating: channels - 1, count: 4))
      var weights = next.convolution.weight.array
      for out in 0..<next.batchNorm.channels {
        for i in 0..<9 { weights[(out * channels + 4) * 9 + i] = 1000 }
      }
      next.convolution.weight.array = weights
      #expect(try block.forward(PooledMap(x), in: pass).output.map.values == before.map.values)
    }
  }
}
