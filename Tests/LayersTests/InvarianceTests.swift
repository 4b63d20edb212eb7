import GoldenCases
import Tensors
import TestSupport
import Testing

@testable import Layers

/// Contract C1 for single layers: threads and ranks change no bit, shards only rounding.
@Suite struct InvarianceTests {
  private static let shape = [8, 11, 5, 4]

  /// Everything that a convolution and a batch norm compute from a batch, on ranks of equal size.
  private func results(ranks: Int, shardSize: Int, threads: Int) throws -> [[Float]] {
    let shape = Self.shape
    let parts = try ThreadRanks(ranks).run { rank in
      var numbers = TestNumbers(seed: 30)
      let all = numbers.normals(shape.reduce(1, *))
      let dall = numbers.normals(shape.reduce(1, *))
      let convolution = Convolution(
        "test.conv", inChannels: shape[1], outChannels: shape[1], kernelSize: 3, padding: 1)
      convolution.weight.array = numbers.normals(convolution.weight.count)
      let norm = BatchNorm("test.bn", channels: shape[1])
      norm.weight!.array = numbers.uniforms(shape[1], 0.5, 1.5)
      norm.bias!.array = numbers.normals(shape[1])
      let linear = Linear("test.fc", inFeatures: shape[1], outFeatures: 7, bias: .learned)
      linear.weight.array = numbers.normals(linear.weight.count)
      let store = ParameterStore([convolution.weight] + norm.parameters + linear.parameters)

      let images = shape[0] / ranks
      let width = shape.dropFirst().reduce(1, *)
      let own = rank.rank * images * width..<(rank.rank + 1) * images * width
      let pass = Pass(
        .training, rows: images, shardSize: shardSize, pool: .forKernels(threads: threads), reducer: rank)
      func tensor(_ values: [Float]) -> Tensor {
        Tensor(shape: [images] + shape.dropFirst(), lanes: pass.lanes, Array(values[own]))
      }
      let x = tensor(all)
      let y = try convolution.forward(x, in: pass)
      let statistics = try norm.statistics(of: y, in: pass)
      let pooled = try norm.normalizeAndPool(y, statistics, in: pass).means
      let out = try linear.forward(pooled, in: pass)
      let dpooled = try linear.backward(out, input: pooled, in: pass)
      let (g, derivative) = try norm.reluBackward(
        MapGradient(tensor(dall), means: dpooled), input: y, statistics, in: pass)
      let dy = try derivative.inputGradient(g, input: y, in: pass)
      let dx = try convolution.backward(dy, input: x, in: pass)
      try rank.sumGradients(store)
      return (
        rows: [out.values, dx?.values ?? []],
        shared: store.parameters.map(\.gradientArray) + [norm.runningMean, norm.runningVariance]
      )
    }
    for part in parts { #expect(part.shared == parts[0].shared, "every rank knows the same sums") }
    return (0..<2).map { i in parts.flatMap { $0.rows[i] } } + parts[0].shared
  }

  @Test(arguments: [1, 2, 4])
  func threadsAndRanksChangeNoBit(shardSize: Int) throws {
    let reference = try results(ranks: 1, shardSize: shardSize, threads: 1)
    #expect(reference.allSatisfy { $0.contains { $0 != 0 } })
    for (ranks, threads) in [(1, 2), (1, 3), (2, 1), (2, 2), (4, 1), (8, 1)] where shardSize * ranks <= 8 {
      #expect(
        try results(ranks: ranks, shardSize: shardSize, threads: threads) == reference,
        "\(ranks) ranks, \(threads) threads")
    }
  }

  @Test func shardSizesChangeRoundingOnly() throws {
    let reference = try results(ranks: 1, shardSize: 8, threads: 1)
    for shardSize in [1, 2, 4] {
      let found = try results(ranks: 1, shardSize: shardSize, threads: 2)
      for (a, b) in zip(found, reference) { #expect(maxRelativeToLargest(a, b) < 1e-5) }
    }
  }

  /// Three ranks do not split into powers of two: the same to rounding, and equal on every rank.
  @Test func oddRankCountsChangeRoundingOnly() throws {
    let values = (0..<6).map { 0.1 * Double($0 * $0) - 0.7 }
    let sums = try ThreadRanks(3).run { rank in
      try rank.sum(Array(values[2 * rank.rank..<2 * rank.rank + 2]), leaves: 2, width: 1)
    }
    #expect(Set(sums.map(\.[0])).count == 1)
    #expect(abs(sums[0][0] - values.reduce(0, +)) < 1e-12)
  }

  /// The last shard of an evaluation may be short: every image is treated as in whole shards.
  @Test(arguments: [(7, 3), (5, 4), (1, 4), (8, 8)])
  func evaluationTakesShortLastShards(images: Int, shardSize: Int) throws {
    let shape = [images] + Self.shape.dropFirst()
    var numbers = TestNumbers(seed: 31)
    let x = Tensor(shape: shape, lanes: Pass.preferredLanes, numbers.normals(shape.reduce(1, *)))
    let layer = Convolution("test.conv", inChannels: 11, outChannels: 20, kernelSize: 3, padding: 1)
    layer.weight.array = numbers.normals(layer.weight.count)
    let norm = BatchNorm("test.bn", channels: 20)
    norm.runningMean = numbers.normals(20)
    let gate = ChannelGate(
      "test.gate", index: 0, inChannels: 11, hidden: 2, outChannels: 20, rule: GateRule())
    for parameter in gate.parameters { parameter.array = numbers.normals(parameter.count) }
    func features(shardSize: Int, threads: Int) throws -> [Float] {
      let pass = PassVariant(shardSize: shardSize, threads: threads).pass(.evaluation, rows: images)
      let mask = try gate.forward(x.means, in: pass).mask
      let y = try layer.forward(x, in: pass)
      let z = try norm.normalize(y, try norm.statistics(of: y, in: pass), relu: true, mask: mask, in: pass)
      return z.means.values
    }
    let alone = try features(shardSize: 1, threads: 1)
    let found = try features(shardSize: shardSize, threads: 2)
    #expect(found.count == images * 20)
    #expect(maxRelativeToLargest(found, alone) < 1e-5)
  }
}
