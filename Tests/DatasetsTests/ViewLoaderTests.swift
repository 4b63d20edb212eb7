import Foundation
import Images
import Tensors
import Testing

@testable import Datasets

@Suite struct ViewLoaderTests {
  private let dataset = ShapesDataset(.train, count: 53)

  private func loader(
    rank: Int = 0, worldSize: Int = 1, startStep: Int = 0, threads: Int = 1, queueDepth: Int = 2,
    of dataset: (any ImageDataset)? = nil, shardSize: Int = 4
  ) throws -> ViewLoader {
    try ViewLoader(
      dataset: dataset ?? self.dataset,
      maker: ViewMaker(
        AugmentationConfiguration(), normalization: (dataset ?? self.dataset).normalization, count: 2,
        seed: 11),
      globalBatchSize: 16, shardSize: shardSize, rank: rank, worldSize: worldSize, startStep: startStep,
      threads: threads, queueDepth: queueDepth)
  }

  /// Pixels by (shard of the global batch, view, image in the shard), which is the order of rows.
  private func rows(_ batch: ViewBatch) -> [[Float]] {
    let values = batch.images.values
    return (0..<batch.images.rows).map { Array(values[$0 * 3072..<($0 + 1) * 3072]) }
  }

  @Test func rowsAreShardThenViewThenImage() throws {
    let loader = try loader()
    let configuration = AugmentationConfiguration()
    let order = try EpochSampler(datasetCount: 53, globalBatchSize: 16, seed: 11).permutation(epoch: 1)
    for _ in 0..<4 { _ = try loader.next() }
    let batch = try loader.next()
    #expect(batch.epoch == 1 && batch.step == 4, "3 steps an epoch")
    #expect(batch.indices == Array(order[16..<32]))
    let rows = rows(batch)
    #expect(rows.count == 32)
    for (position, index) in batch.indices.enumerated() {
      for view in 0..<2 {
        let parameters = AugmentationParameters(
          drawnFor: configuration, width: 32, height: 32,
          draws: RandomDraws(seed: 11, purpose: .augmentation, index: index, epoch: 1, view: view))
        var expected = [Float](repeating: 0, count: 3072)
        let image = parameters.apply(to: dataset.image(at: index), size: 32, interpolation: .bicubic)
        expected.withUnsafeMutableBufferPointer { dataset.normalization.write(image, into: $0) }
        #expect(rows[(position / 4 * 2 + view) * 4 + position % 4] == expected, "\(position), view \(view)")
      }
    }
  }

  @Test(arguments: [1, 2, 4], [1, 3])
  func ranksAndThreadsMakeTheSamePixels(worldSize: Int, threads: Int) throws {
    let whole = try loader()
    let parts = try (0..<worldSize).map { rank in
      try loader(rank: rank, worldSize: worldSize, threads: threads, queueDepth: 3)
    }
    for step in 0..<5 {
      let expected = try whole.next()
      let found = try parts.map { try $0.next() }
      #expect(found.allSatisfy { $0.step == step && $0.epoch == step / 3 })
      #expect(found.flatMap(\.indices) == expected.indices)
      #expect(found.flatMap(rows) == rows(expected), "step \(step)")
    }
  }

  @Test func epochsTakeEveryImageOnceButForTheRest() throws {
    let loader = try loader(threads: 2)
    #expect(loader.stepsPerEpoch == 3)
    for _ in 0..<2 {
      let indices = try (0..<3).flatMap { _ in try loader.next().indices }
      #expect(Set(indices).count == 48)
    }
  }

  @Test func resumingEqualsGoingOn() throws {
    let whole = try loader()
    for _ in 0..<4 { _ = try whole.next() }
    let resumed = try loader(startStep: 4, threads: 2)
    for _ in 0..<3 {
      let (a, b) = (try whole.next(), try resumed.next())
      #expect(a.step == b.step && a.epoch == b.epoch && a.indices == b.indices && rows(a) == rows(b))
    }
  }

  /// A data set whose images can be missing, and which counts how many were asked for and are being made.
  private final class Faulty: ImageDataset, @unchecked Sendable {
    // @unchecked: what changes is guarded by `condition`.
    struct Missing: Error, Equatable { let index: Int }
    let name = "faulty"
    let count = 64
    let classNames = ["only"]
    let imageSize = 32
    let normalization = Normalization.imageNet
    let missing: Set<Int>
    private let condition = NSCondition()
    private var asked = 0
    private var inProgress = 0
    init(missing: Set<Int> = []) { self.missing = missing }

    var askedCount: Int { condition.withLock { asked } }
    var inProgressCount: Int { condition.withLock { inProgress } }

    /// Waits until so many images were asked for; false: they were not within a minute.
    func wait(untilAsked count: Int) -> Bool {
      condition.withLock {
        let end = Date().addingTimeInterval(60)
        while asked < count, condition.wait(until: end) {}
        return asked >= count
      }
    }

    func label(at index: Int) -> Int? { 0 }
    func storedImage(at index: Int) throws -> StoredImage {
      condition.withLock {
        asked += 1
        inProgress += 1
        condition.broadcast()
      }
      defer { condition.withLock { inProgress -= 1 } }
      if missing.contains(index) { throw Missing(index: index) }
      return .pixels(RGBImage(width: 4, height: 3, pixels: Array(repeating: UInt8(index), count: 36)))
    }
  }

  @Test(arguments: [1, 4])
  func errorsSurfaceInTheirBatch(threads: Int) throws {
    let order = try EpochSampler(datasetCount: 64, globalBatchSize: 16, seed: 11).permutation(epoch: 0)
    let loader = try loader(threads: threads, of: Faulty(missing: [order[37], order[41]]))
    for step in 0..<2 { #expect(try loader.next().step == step) }
    for _ in 0..<2 { #expect(throws: Faulty.Missing(index: order[37])) { try loader.next() } }
  }

  @Test func memoryIsBoundedByTheQueue() throws {
    let faulty = Faulty()
    let loader = try loader(threads: 2, queueDepth: 2, of: faulty)
    // However many are taken, two batches of 16 are ahead, and no more: threads that went on would be seen in one of
    // the rounds.
    for taken in 1...20 {
      _ = try loader.next()
      #expect(faulty.wait(untilAsked: 16 * (taken + 2)))
      #expect(faulty.askedCount == 16 * (taken + 2))
    }
  }

  @Test func stoppingEndsTheThreads() throws {
    let faulty = Faulty()
    let loader = try loader(threads: 3, queueDepth: 1000, of: faulty)
    _ = try loader.next()
    loader.stop()
    #expect(faulty.inProgressCount == 0)
    #expect(throws: LoaderStopped.self) { try loader.next() }
    loader.stop()
  }

  /// Only what `next` takes counts as waiting.
  @Test func waitingIsWhatNextTakes() throws {
    let faulty = Faulty()
    let loader = try loader(of: faulty)
    #expect(faulty.wait(untilAsked: 17))
    #expect(loader.waitedSeconds == 0)
    let begin = ContinuousClock.now
    for _ in 0..<10 { _ = try loader.next() }
    #expect(loader.waitedSeconds > 0)
    #expect(loader.waitedSeconds <= (ContinuousClock.now - begin) / .seconds(1))
  }

  @Test func impossibleBatchesAreErrors() {
    #expect(throws: SamplerError.self) { try loader(of: ShapesDataset(.train, count: 15)) }
  }
}
