import Tensors
import TestSupport
import Testing

@testable import Layers

/// What threads take of a batch that has fewer shards than there are threads, or not a multiple of them.
@Suite struct ShardRowsTests {
  @Test(arguments: [1, 2, 3, 7, 16], [(1, 4), (96, 32), (100, 32), (512, 64)])
  func runsAreAllRowsInOrder(parts: Int, batch: (images: Int, shardSize: Int)) {
    let layout = RowLayout(images: batch.images, views: 2, shardSize: batch.shardSize)
    let runs = layout.runs(partsOfShards: parts)
    #expect(runs.flatMap { Array($0.rows) } == Array(0..<layout.rows))
    #expect(
      runs.allSatisfy { !$0.rows.isEmpty && $0.rows.clamped(to: layout.rows(ofShard: $0.shard)) == $0.rows })
    if parts == 1 { #expect(runs.map(\.shard) == Array(0..<layout.shards)) }
  }

  /// Threads that shards keep busy take whole ones; others share them.
  @Test(
    arguments: zip(
      [(8, 1), (8, 2), (8, 8), (7, 2), (8, 16), (1, 2), (1, 7), (4, 3), (8, 12)], [1, 1, 1, 1, 2, 2, 6, 2, 3])
  )
  func shardsAreDividedIfThreadsWouldWait(_ pass: (shards: Int, threads: Int), parts: Int) {
    let pass = Pass(
      .training, rows: 64 * pass.shards, views: 2, shardSize: 32, pool: .forKernels(threads: pass.threads))
    #expect(pass.partsOfShards(most: 8) == parts)
  }

  /// Forward and both gradients of one shard on many threads are those on one (contract C1), with closed channels left
  /// out as well.
  @Test(
    arguments: [(kernelSize: 3, stride: 1), (3, 2), (1, 1), (5, 1)],
    [(channels: 70, lanes: 8), (100, 16), (9, 8)])
  func partsOfAShardHaveItsBits(
    _ shape: (kernelSize: Int, stride: Int), _ map: (channels: Int, lanes: Int)
  ) throws {
    func results(threads: Int) throws -> [[Float]] {
      var numbers = TestNumbers(seed: 81)
      let convolution = Convolution(
        "test.conv", inChannels: map.channels, outChannels: map.channels, kernelSize: shape.kernelSize,
        stride: shape.stride, padding: shape.kernelSize / 2)
      convolution.weight.array = numbers.normals(convolution.weight.count)
      let norm = BatchNorm("test.bn", channels: map.channels)
      let pass = Pass(
        .training, rows: 80, views: 2, shardSize: 40, pool: .forKernels(threads: threads), lanes: map.lanes)
      let x = Tensor(
        shape: [80, map.channels, 7, 6], lanes: map.lanes, numbers.normals(80 * map.channels * 7 * 6))
      let mask = Tensor(
        shape: [80, map.channels, 1, 1], lanes: map.lanes,
        numbers.normals(80 * map.channels).map { $0 > 0.8 ? 1 : 0 })
      let input = norm.reluInput(x, try norm.statistics(of: x, in: pass), mask: mask, in: pass)
      let y = try convolution.forward(input, in: pass)
      let dy = Tensor(
        shape: [80, map.channels, y.height, y.width], lanes: map.lanes, numbers.normals(y.values.count))
      let dx = try convolution.backward(dy, input: input, in: pass)
      return [y.values, try #require(dx).values, convolution.weight.gradientArray]
    }
    let reference = try results(threads: 1)
    #expect(reference.allSatisfy { $0.contains { $0 != 0 } })
    for threads in [2, 3, 7] { #expect(try results(threads: threads) == reference, "\(threads) threads") }
  }
}
