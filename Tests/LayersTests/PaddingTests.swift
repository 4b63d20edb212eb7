import GoldenCases
import Tensors
import TestSupport
import Testing

@testable import Layers

/// Lanes beyond the last channel hold zeros after every operation, whatever the memory held before.
@Suite struct PaddingTests {
  /// Channel counts that leave the last block of 8 and of 16 lanes partly empty.
  private static let channelCounts = [1, 5, 12, 19]

  /// What lies in the padded lanes.
  private func padding(_ x: Tensor) -> [Float] {
    (0..<x.count).compactMap { i in
      let block = i / (x.pixels * x.lanes) % x.blocks
      return block * x.lanes + i % x.lanes < x.channels ? nil : x.pointer[i]
    }
  }

  private func expectZeros(
    _ x: Tensor?, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let padding = padding(try #require(x))
    #expect(!padding.isEmpty, "\(what) has no padding to look at", sourceLocation: sourceLocation)
    #expect(padding.allSatisfy { $0 == 0 }, "\(what)", sourceLocation: sourceLocation)
    #expect(x?.values.allSatisfy(\.isFinite) == true, "\(what)", sourceLocation: sourceLocation)
  }

  /// Fills the pool with used memory, so that an operation that forgets a lane is found out.
  private func soilMemory(like x: Tensor) {
    let soiled = (0..<8).map { _ in x.makeSimilar() }
    for tensor in soiled { tensor.pointer.update(repeating: .nan, count: tensor.count) }
  }

  @Test(arguments: channelCounts, PassVariant.allLanes)
  func staysZeroInConvolutions(channels: Int, lanes: Int) throws {
    for algorithm in ConvolutionBackends.linked.available {
      for (kernelSize, stride) in [(3, 1), (3, 2), (1, 2)] {
        var numbers = TestNumbers(seed: 20)
        let shape = ConvolutionShape(
          rows: 1, inChannels: channels, height: 6, width: 5, outChannels: channels, kernelSize: kernelSize,
          stride: stride, padding: kernelSize / 2)
        let layer = Convolution(
          "test", inChannels: channels, outChannels: channels, kernelSize: kernelSize, stride: stride,
          padding: kernelSize / 2, kernels: .always(algorithm, shape))
        layer.weight.array = numbers.normals(layer.weight.count)
        let x = Tensor(shape: [2, channels, 6, 5], lanes: lanes, numbers.normals(2 * channels * 30))
        let pass = PassVariant(lanes: lanes, shardSize: 1).pass(rows: 2)
        soilMemory(like: x)
        let y = try layer.forward(x, in: pass)
        try expectZeros(y, "y, \(kernelSize)×\(kernelSize), stride \(stride), \(algorithm)")
        soilMemory(like: x)
        try expectZeros(
          try layer.backward(y, input: x, in: pass),
          "dx, \(kernelSize)×\(kernelSize), stride \(stride), \(algorithm)"
        )
      }
    }
  }

  @Test(arguments: channelCounts, PassVariant.allLanes)
  func staysZeroInBatchNormAndGate(channels: Int, lanes: Int) throws {
    var numbers = TestNumbers(seed: 21)
    let shape = [4, channels, 3, 3]
    let count = shape.reduce(1, *)
    let x = Tensor(shape: shape, lanes: lanes, numbers.normals(count))
    let r = Tensor(shape: shape, lanes: lanes, numbers.normals(count))
    let dy = Tensor(shape: shape, lanes: lanes, numbers.normals(count))
    let layer = BatchNorm("test", channels: channels)
    layer.bias!.array = numbers.uniforms(channels, 1, 2)
    let gate = ChannelGate(
      "gate", index: 0, inChannels: 8, hidden: 2, outChannels: channels, rule: GateRule())
    for parameter in gate.parameters { parameter.array = numbers.normals(parameter.count) }
    let gateInput = Tensor(shape: [4, 8, 2, 2], lanes: lanes, numbers.normals(128))

    for mode in [Pass.Mode.training, .evaluation] {
      let pass = PassVariant(lanes: lanes, shardSize: 2).pass(mode, rows: 4, noise: DrawnNoise(seed: 1))
      soilMemory(like: x)
      let mask = try gate.forward(gateInput.means, in: pass).mask
      try expectZeros(mask, "mask")
      let statistics = try layer.statistics(of: x, in: pass)
      soilMemory(like: x)
      let y = try layer.normalize(x, statistics, relu: true, mask: mask, in: pass)
      try expectZeros(y, "y")
      try expectZeros(
        try layer.normalize(x, statistics, adding: r, normalizedBy: nil, in: pass).map, "sum")
      let sum = try layer.normalize(x, statistics, adding: r, normalizedBy: statistics, in: pass).map
      try expectZeros(sum, "sum of two")
      soilMemory(like: x)
      let (dx, dmask) = try layer.backward(
        dy, input: x, statistics, relu: true, mask: mask, needsMaskGradient: true, into: x.makeSimilar(),
        in: pass)
      try expectZeros(dx, "dx")
      try expectZeros(dmask, "dmask")
      soilMemory(like: x)
      let dmeans = Tensor(rows: 4, columns: channels, numbers.normals(4 * channels))
      try expectZeros(
        try layer.reluBackward(MapGradient(means: dmeans), input: x, statistics, in: pass).g, "ReLU's dx")
      let dmap = Tensor(shape: shape, lanes: lanes, r.values)
      try dmap.addGradient(ofMeans: dmeans, in: pass)
      try expectZeros(dmap, "a map's gradient with its means'")
      let shortcut = BatchNorm.Shortcut(
        batchNorm: layer, input: Tensor(shape: shape, lanes: lanes, r.values), statistics: statistics)
      let residual = try layer.residualBackward(
        MapGradient(dy, means: dmeans), output: sum, input: Tensor(shape: shape, lanes: lanes, x.values),
        statistics, shortcut: shortcut, in: pass)
      try expectZeros(residual.dx, "sum's dx")
      try expectZeros(residual.dshortcut, "shortcut's dx")
    }
  }

  @Test(arguments: channelCounts, PassVariant.allLanes)
  func staysZeroInPooling(channels: Int, lanes: Int) throws {
    for pool in [MaxPool.overlapping, .sideBySide] { try staysZero(in: pool, channels, lanes) }
  }

  private func staysZero(in pool: MaxPool, _ channels: Int, _ lanes: Int) throws {
    var numbers = TestNumbers(seed: 22)
    let shape = [2, channels, 5, 5]
    // All negative: a padded zero must not win either.
    let x = Tensor(shape: shape, lanes: lanes, numbers.uniforms(shape.reduce(1, *), -2, -1))
    let pass = PassVariant(lanes: lanes, shardSize: 1).pass(rows: 2)
    soilMemory(like: x)
    let layer = BatchNorm("test", channels: channels)
    let statistics = try layer.statistics(of: x, in: pass)
    let output = try pool.forward(x, normalizedBy: statistics, in: pass)
    try expectZeros(output.values, "maxima")
    #expect(output.values.values.allSatisfy { $0 < 0 }, "padding at the border never wins")
    let (g, derivative) = try layer.reluBackward(
      MapGradient(output.values), input: output.values, statistics, in: pass)
    soilMemory(like: x)
    try expectZeros(try MaxPool.backward(g, output, input: x, derivative, in: pass), "dx of maxima")
  }
}
