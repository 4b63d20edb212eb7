import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// Data sets of awkward sizes neither hang nor lose an image of the test set.
  @Suite struct Sizes {
    /// Images to train and to test on, and ranks; the global batch is 16, in shards of 4.
    @Test(arguments: [
      (17, 7, 1), (17, 7, 2), (17, 7, 4),  // primes
      (16, 1, 4), (19, 3, 4),  // fewer test images than ranks
    ])
    func trainAndCountEachTestImageOnce(train: Int, test: Int, ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(
          small.command("data.source=shapes:\(train)x\(test)", "batch.global=16", "max_steps=2") + ["--json"],
          ranks: ranks, seconds: 60)
        try #require(output.status == 0, "\(output)")
        let evaluation = try #require(try output.object()["evaluation"] as? [String: Any])
        #expect(evaluation["images"] as? Int == test)
      }
    }

    @Test(arguments: [
      (1, 2, "the data set has 1 image, training needs at least 2"),
      (
        15, 2,
        "batch.global is 16, the data set has 15 images: "
          + "the largest allowed with batch.shard 4 on 2 ranks is 8"
      ),
      (3, 4, "the data set has 3 images, fewer than 4 ranks: start fewer ranks"),
      (
        13, 4,
        "batch.global is 16, the data set has 13 images: "
          + "the largest allowed is 12, with a smaller batch.shard"
      ),
      (
        64, 3,
        "batch.global 16 is not a whole number of shards of batch.shard 4 for each of 3 ranks: "
          + "use batch.global 12 or batch.global 24"
      ),
    ])
    func printTheRuleThatTheyBreak(train: Int, ranks: Int, rule: String) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(
          small.command("data.source=shapes:\(train)x2", "batch.global=16"), ranks: ranks, seconds: 60)
        #expect(output.status == 1)
        #expect(output.lines == ["sluice: \(rule)"])
      }
    }
  }
}
