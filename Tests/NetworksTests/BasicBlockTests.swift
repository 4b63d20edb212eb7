import GoldenCases
import Layers
import Optimizers
import Tensors
import TestSupport
import Testing

@testable import Networks

@Suite struct BasicBlockTests {
  struct Case: Sendable, CustomStringConvertible {
    let inChannels: Int
    let outChannels: Int
    let stride: Int
    let height: Int
    let width: Int
    var gated = true
    var pruned = false

    var description: String {
      "\(inChannels) to \(outChannels) channels of \(height)×\(width), stride \(stride)"
        + (gated ? "" : ", no gate") + (pruned ? ", pruned" : "")
    }

    static let all = [
      Case(inChannels: 12, outChannels: 12, stride: 1, height: 3, width: 4),
      Case(inChannels: 8, outChannels: 20, stride: 2, height: 5, width: 3),
      Case(inChannels: 16, outChannels: 16, stride: 1, height: 1, width: 1),
      Case(inChannels: 5, outChannels: 7, stride: 2, height: 4, width: 4, gated: false),
      Case(inChannels: 8, outChannels: 12, stride: 2, height: 5, width: 3, pruned: true),
    ]
  }

  /// Batch norms that leave whole channels on or off, so that no ReLU is near its kink.
  private func makeBlock(_ c: Case, _ numbers: inout TestNumbers) -> BasicBlock {
    let block = BasicBlock(
      .alone(.basic, inChannels: c.inChannels, width: c.outChannels, stride: c.stride, gated: c.gated))
    for parameter in block.parameters { parameter.array = numbers.normals(parameter.count) }
    settle(block.gate?.batchNorm, scale: 0.4, shift: 2, &numbers)
    settle(block.bn1, scale: 0.5, shift: 3, &numbers)
    settle(block.bn2, scale: 0.5, shift: 9, &numbers)
    settle(block.downsample?.batchNorm, scale: 0.5, shift: 0, &numbers)
    if c.pruned {
      for convolution in [block.conv1, block.conv2] {
        convolution.weight.mask = WeightMask(numbers.uniforms(convolution.weight.count).map { $0 > 0.4 })
      }
    }
    return block
  }

  /// Two views of six images in shards of two, gates on their soft path with a budget's gradient. Of pruned weights the
  /// optimizer makes the gradient zero, and they stay zero in every difference.
  @Test(arguments: Case.all)
  func gradientsMatchFiniteDifferences(_ c: Case) throws {
    var numbers = TestNumbers(seed: 40)
    let block = makeBlock(c, &numbers)
    let shape = [12, c.inChannels, c.height, c.width]
    // Images differ in their means too, which is what the gate sees.
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
    let budget: [Float] = [0.25, -0.5]
    var coefficients: [Float] = []
    func loss(_ x: [Float]) throws -> Double {
      let pass = makePass()
      let (y, gates) = try block.forward(PooledMap(Tensor(shape: shape, lanes: pass.lanes, x)), in: pass)
      var sum = weightedSum(y.map.values, coefficients)
      for record in gates {
        for (i, m) in record.mask.values.enumerated() {
          sum += Double(m) * Double(budget[pass.layout.view(ofRow: i / c.outChannels)])
        }
      }
      return sum
    }

    let pass = makePass()
    let input = Tensor(shape: shape, lanes: pass.lanes, x)
    let y = try block.forward(PooledMap(input), in: pass).output.map
    #expect(y.values.contains(0) && y.values.contains { $0 > 0 })
    coefficients = numbers.normals(y.values.count)
    let prices = (0..<12).map { Double(budget[pass.layout.view(ofRow: $0)]) }
    let maskGradients = c.gated ? [MaskGradient(all: prices, open: prices.map { _ in 0 })] : []
    let dy = Tensor(
      rows: 12, channels: y.channels, height: y.height, width: y.width, lanes: y.lanes, values: coefficients
    )
    let dx = try block.backward(MapGradient(dy), maskGradients: maskGradients, in: pass).values(like: input)
    #expect(ready.names == block.parameters.reversed().map(\.name))
    try Optimizer(ParameterStore(block.parameters), weightDecay: 1).update(
      learningRate: { _ in 0 }, pool: pool)
    #expect(block.parameters.contains { $0.mask != nil } == c.pruned)
    for parameter in block.parameters {
      guard let mask = parameter.mask else { continue }
      let gradient = parameter.gradientArray
      #expect(zip(gradient, mask.kept).allSatisfy { $0 == 0 || $1 }, "\(parameter.name)")
      #expect(gradient.contains { $0 != 0 } && mask.remaining < mask.count, "\(parameter.name)")
    }

    let inputError = try gradientError(dx, at: x, step: 1e-2, loss: loss)
    #expect(inputError < 5e-3, "dx")
    for parameter in block.parameters {
      let values = parameter.array
      let error = try gradientError(parameter.gradientArray, at: values, step: 1e-2) {
        parameter.array = $0
        return try loss(x)
      }
      parameter.array = values
      #expect(error < 5e-3, "\(parameter.name)")
    }
  }

  /// A closed channel contributes nothing: its second convolution's weights do not matter.
  @Test func closedChannelsDoNotMatter() throws {
    var numbers = TestNumbers(seed: 41)
    let block = makeBlock(Case.all[0], &numbers)
    let gate = try #require(block.gate)
    // Hidden units are all on, and an output channel is open where its weights are positive.
    gate.batchNorm.bias!.array = Array(repeating: 2, count: 3)
    gate.excite.weight.array = (0..<12).flatMap { Array(repeating: $0 == 4 ? Float(-1) : 1, count: 3) }
    let pass = PassVariant(shardSize: 2).pass(.evaluation, rows: 4)
    let x = Tensor(shape: [4, 12, 3, 4], lanes: pass.lanes, numbers.normals(4 * 12 * 12))
    let (before, gates) = try block.forward(PooledMap(x), in: pass)
    #expect(gates[0].openCounts == [11, 11, 11, 11])
    var weights = block.conv2.weight.array
    for out in 0..<12 { for i in 0..<9 { weights[(out * 12 + 4) * 9 + i] = 1000 } }
    block.conv2.weight.array = weights
    #expect(try block.forward(PooledMap(x), in: pass).output.map.values == before.map.values)
  }
}

extension BlockParts {
  /// Of a network of one block.
  static func alone(
    _ block: ResNetConfiguration.Block, inChannels: Int, width: Int, stride: Int, gated: Bool
  ) -> BlockParts {
    var configuration = ResNetConfiguration()
    configuration.block = block
    configuration.gated = gated
    var builder = BlockBuilder(channels: inChannels, size: 4)
    configuration.addBlock("layer1.0", width: width, stride: stride, to: &builder)
    return BlockParts(of: builder)
  }

  /// Of the first block of a network.
  init(of builder: BlockBuilder) {
    self.init(
      block: builder.blocks[0], gates: builder.gates, gateRule: GateRule(), kernels: .auto)
  }
}
