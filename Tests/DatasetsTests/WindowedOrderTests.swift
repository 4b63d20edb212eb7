import Tensors
import Testing

@testable import Datasets

@Suite struct WindowedOrderTests {
  /// Blocks of 5 to 12 images of 1,000 bytes.
  static func blocks(_ count: Int) -> ImageBlocks {
    let counts = (0..<count).map { 5 + $0 * 7 % 8 }
    return ImageBlocks(counts: counts, bytes: counts.map { 1000 * $0 })
  }

  /// - Parameter window: Images in all.
  static func sampler(_ blocks: ImageBlocks, batch: Int, shard: Int, window: Int?) throws -> EpochSampler {
    try EpochSampler(
      datasetCount: blocks.imageCount, globalBatchSize: batch, seed: 9,
      order: .windowed(WindowedOrder(blocks, streams: batch / shard, shardSize: shard, window: window)))
  }

  @Test func blocksKnowTheirImages() {
    let blocks = ImageBlocks(counts: [3, 1, 4], bytes: [30, 10, 40])
    #expect((0..<8).map(blocks.block) == [0, 0, 0, 1, 2, 2, 2, 2])
    #expect(blocks[2] == 4..<8 && blocks.imageCount == 8 && blocks.totalBytes == 80)
  }

  /// Windows of one image, of a few blocks, of more than there is; one block for all, and many.
  @Test(arguments: [1, 60, 200, Int.max], [1, 7, 40])
  func anEpochTakesImagesAtMostOnce(window: Int, blockCount: Int) throws {
    let blocks =
      blockCount == 1 ? ImageBlocks(counts: [131], bytes: [131_000]) : Self.blocks(blockCount)
    let sampler = try Self.sampler(blocks, batch: 16, shard: 4, window: window)
    for epoch in 0..<4 {
      let order = sampler.permutation(epoch: epoch)
      #expect(order.count == sampler.stepsPerEpoch * 16)
      #expect(Set(order).count == order.count)
      #expect(order.allSatisfy { (0..<blocks.imageCount).contains($0) })
    }
  }

  @Test func everyEpochLeavesOutOthersAndComesInAnotherOrder() throws {
    let blocks = Self.blocks(40)
    let sampler = try Self.sampler(blocks, batch: 48, shard: 4, window: 60)
    let orders = (0..<8).map { sampler.permutation(epoch: $0) }
    #expect(Set(orders).count == 8)
    #expect(orders[3] == sampler.permutation(epoch: 3))
    #expect(Set(orders.joined()).count == blocks.imageCount, "what an epoch leaves out, another has")
    let other = try EpochSampler(
      datasetCount: sampler.datasetCount, globalBatchSize: 48, seed: 10, order: sampler.order)
    #expect(other.permutation(epoch: 0) != orders[0])
  }

  /// Where there are few blocks, too, an image is not tied to one shard of the batch.
  @Test func imagesMeetOthersInEveryEpoch() throws {
    let sampler = try Self.sampler(
      ImageBlocks(counts: [64], bytes: [64_000]), batch: 16, shard: 4, window: nil)
    let streams = Set(
      (0..<40).map { sampler.permutation(epoch: $0).firstIndex(of: 5)! / 4 % 4 })
    #expect(streams == [0, 1, 2, 3])
  }

  @Test(arguments: [1, 2, 4, 8])
  func ranksShareTheEpoch(worldSize: Int) throws {
    let sampler = try Self.sampler(Self.blocks(40), batch: 32, shard: 4, window: 60)
    let order = sampler.permutation(epoch: 2)
    let parts = (0..<worldSize).map { rank in
      (0..<sampler.stepsPerEpoch).flatMap { step in
        order[sampler.range(batch: step, rank: rank, worldSize: worldSize)]
      }
    }
    #expect(parts.reduce(0) { $0 + $1.count } == order.count)
    #expect(Set(parts.joined()) == Set(order))
    for part in parts { #expect(Set(part).count == part.count) }
  }

  /// What the order is for: with the memory that it asks for, hardly a block is read twice in an epoch, and ranks
  /// read hardly more blocks together than one alone.
  @Test(arguments: [1, 2, 4, 8], [40, 400, 1600])
  func ranksReadBlocksOnce(worldSize: Int, window: Int) throws {
    let blocks = Self.blocks(1000)
    let sampler = try Self.sampler(blocks, batch: 64, shard: 8, window: window)
    let capacity = sampler.cacheBytes(worldSize: worldSize)
    #expect(capacity < blocks.totalBytes / worldSize / 2, "or there is nothing to show")
    var all = 0
    for rank in 0..<worldSize {
      let cache = BlockCache(capacity: capacity)
      for epoch in 0..<2 {
        let order = sampler.permutation(epoch: epoch)
        var touched: Set<Int> = []
        let before = cache.readCount
        for step in 0..<sampler.stepsPerEpoch {
          for index in order[sampler.range(batch: step, rank: rank, worldSize: worldSize)] {
            let block = blocks.block(of: index)
            touched.insert(block)
            _ = try cache.block(block, images: blocks[block].count) {
              [UInt8](repeating: 0, count: blocks.bytes[block])
            }
            #expect(cache.bytesInUse <= capacity)
          }
        }
        let reads = cache.readCount - before
        #expect(reads <= touched.count + 8, "rank \(rank), epoch \(epoch)")
        #expect(touched.count <= blocks.count / worldSize + 2 * 8 + blocks.count / 20)
        if epoch == 0 { all += reads }
      }
    }
    #expect(all <= blocks.count + 8 * 8)
  }

  /// A batch holds images of about as many blocks as the windows of all streams, and an image's neighbours come
  /// from its own block no more often than if the window were drawn from.
  @Test func batchesMixBlocks() throws {
    let blocks = ImageBlocks(
      counts: Array(repeating: 50, count: 200), bytes: Array(repeating: 50_000, count: 200))
    // Eight blocks for each of four streams.
    let sampler = try Self.sampler(blocks, batch: 64, shard: 16, window: 4 * 8 * 50)
    let order = sampler.permutation(epoch: 0).map { $0 / 50 }
    let steps = sampler.stepsPerEpoch
    let distinct = (0..<steps).map { Set(order[$0 * 64..<$0 * 64 + 64]).count }
    // Expected: 4 · 8 · (1 − (7/8)¹⁶) = 28.2.
    let mean = Double(distinct.reduce(0, +)) / Double(steps)
    #expect(mean > 24, "\(mean) blocks a batch")
    let pairs = (1..<order.count).filter { $0 % 16 != 0 }
    let same = Double(pairs.count { order[$0] == order[$0 - 1] }) / Double(pairs.count)
    // 49 of the window's 399 others.
    #expect(abs(same - 49.0 / 399) < 0.02, "\(same) of neighbours share a block")
  }

  /// The order before there was another, which runs and checkpoints of then depend on.
  @Test func theFullOrderIsAsItWas() throws {
    let draws = RandomDraws(seed: 5, purpose: .shuffle, epoch: 3)
    var expected = Array(0..<20)
    for last in stride(from: 19, to: 0, by: -1) {
      expected.swapAt(last, draws.integer(19 - last, below: last + 1))
    }
    let sampler = try EpochSampler(
      for: ShapesDataset(.train, count: 20), globalBatchSize: 4, shardSize: 2, seed: 5)
    #expect(sampler.permutation(epoch: 3) == expected)
    #expect(sampler.order == .full && sampler.cacheBytes(worldSize: 1) == 0)
  }

  @Test func theUsualWindowIsMeasuredInBytes() {
    let counts = Array(repeating: 256, count: 100)
    let blocks = ImageBlocks(counts: counts, bytes: counts.map { $0 * 100_000 })
    let order = WindowedOrder(blocks, streams: 8, shardSize: 32, window: nil)
    #expect(order.streamWindow == (256 << 20) / 100_000 / 8)
    // A window, and two blocks for what goes beyond it, on each of four streams.
    #expect(order.cacheBytes(worldSize: 2) == 4 * (order.streamWindow * 100_000 + 2 * 25_600_000))
  }
}
