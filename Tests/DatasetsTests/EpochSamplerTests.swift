import Datasets
import Testing

@Suite struct EpochSamplerTests {
  @Test(arguments: [2, 3, 97, 1000])
  func everyEpochIsAPermutation(count: Int) throws {
    let sampler = try EpochSampler(datasetCount: count, globalBatchSize: 2, seed: 5)
    for epoch in 0..<3 { #expect(sampler.permutation(epoch: epoch).sorted() == Array(0..<count)) }
  }

  @Test func epochsAndSeedsDifferAndRepeat() throws {
    let sampler = try EpochSampler(datasetCount: 100, globalBatchSize: 10, seed: 5)
    let other = try EpochSampler(datasetCount: 100, globalBatchSize: 20, seed: 5)
    let seeded = try EpochSampler(datasetCount: 100, globalBatchSize: 10, seed: 6)
    #expect(sampler.permutation(epoch: 1) != sampler.permutation(epoch: 2))
    #expect(sampler.permutation(epoch: 1) != seeded.permutation(epoch: 1))
    #expect(sampler.permutation(epoch: 1) == other.permutation(epoch: 1), "the batch does not matter")
  }

  /// Each of 6 orders of 3 images, about equally often over epochs.
  @Test func ordersAreEquallyLikely() throws {
    let sampler = try EpochSampler(datasetCount: 3, globalBatchSize: 2, seed: 1)
    var counts: [[Int]: Int] = [:]
    for epoch in 0..<6000 { counts[sampler.permutation(epoch: epoch), default: 0] += 1 }
    #expect(counts.count == 6)
    #expect(counts.values.allSatisfy { abs($0 - 1000) < 150 }, "\(counts)")
  }

  @Test(arguments: [1, 2, 3, 4, 6])
  func sharesOfRanksAreDisjointAndCoverTheBatches(worldSize: Int) throws {
    let sampler = try EpochSampler(datasetCount: 101, globalBatchSize: 12, seed: 3)
    #expect(sampler.stepsPerEpoch == 8, "the last 5 of 101 are left out")
    var positions: [Int] = []
    for batch in 0..<sampler.stepsPerEpoch {
      for rank in 0..<worldSize {
        positions += sampler.range(batch: batch, rank: rank, worldSize: worldSize)
      }
    }
    #expect(positions == Array(0..<96))
  }

  @Test func impossibleBatchesAreExplained() throws {
    let large = #expect(throws: SamplerError.self) {
      try EpochSampler(datasetCount: 100, globalBatchSize: 101, seed: 0)
    }
    #expect(large?.description.contains("the largest allowed is 100") == true)
    let small = #expect(throws: SamplerError.self) {
      try EpochSampler(datasetCount: 100, globalBatchSize: 1, seed: 0)
    }
    #expect(small?.description.contains("the smallest is 2") == true)
    let single = #expect(throws: SamplerError.self) {
      try EpochSampler(datasetCount: 1, globalBatchSize: 2, seed: 0)
    }
    #expect(single?.description.contains("at least 2 are needed") == true)
    #expect(try EpochSampler(datasetCount: 2, globalBatchSize: 2, seed: 0).stepsPerEpoch == 1)
  }
}
