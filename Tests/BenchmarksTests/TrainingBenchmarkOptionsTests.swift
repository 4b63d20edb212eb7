import Foundation
import Objectives
import TestSupport
import Testing

@testable import Benchmarks
@testable import Configurations
@testable import Training

@Suite struct TrainingBenchmarkOptionsTests {
  private func configuration(
    ranks: Int = 1, cores: Int = 1, _ change: (inout TrainingBenchmarkOptions) -> Void = { _ in }
  ) throws -> Configuration {
    var options = TrainingBenchmarkOptions()
    change(&options)
    return options.applied(
      to: try options.file(on: .alone()).resolved(imageSize: 32), ranks: ranks, coresOfARank: cores)
  }

  @Test func withoutAnythingItIsThePresetsNetwork() throws {
    var preset = try ConfigurationFile(
      contentsOf: repositoryRoot.appendingPathComponent("configs/cifar10-simclr.yaml").path
    ).resolved(imageSize: 32)
    let builtIn = try configuration(cores: 2)
    #expect(builtIn.batch.global == 64 && builtIn.batch.shard == 32 && builtIn.threads == nil)
    #expect(builtIn.network == preset.network && builtIn.kernels == preset.kernels)
    #expect(builtIn.objective == preset.objective && builtIn.gates == preset.gates)
    preset.schedule.warmupEpochs = builtIn.schedule.warmupEpochs
    #expect(builtIn.optimizer == preset.optimizer && builtIn.schedule == preset.schedule)
  }

  @Test func largeImagesGetTheirStemBatchAndShard() throws {
    let configuration = try configuration { $0.size = 224 }
    #expect(configuration.network.stem == .imagenet)
    #expect(configuration.batch.global == 16 && configuration.batch.shard == 8)
  }

  struct Share: Sendable {
    let (batch, pieces, largest, shard): (Int, Int, Int, Int)
  }

  @Test(arguments: [
    Share(batch: 64, pieces: 1, largest: 32, shard: 32),
    Share(batch: 64, pieces: 4, largest: 32, shard: 16),
    Share(batch: 16, pieces: 1, largest: 32, shard: 16),
    // Four shards of 24 rather than three of 32: powers of two go with 1, 2, 4 … ranks.
    Share(batch: 96, pieces: 1, largest: 32, shard: 24),
    Share(batch: 48, pieces: 2, largest: 16, shard: 12),
    // No power of two: whole shards all the same.
    Share(batch: 33, pieces: 1, largest: 32, shard: 11),
    Share(batch: 31, pieces: 1, largest: 16, shard: 1),
    Share(batch: 7, pieces: 2, largest: 32, shard: 1),
    Share(batch: 2, pieces: 4, largest: 32, shard: 1),
  ])
  func shardFollowsTheBatch(_ share: Share) {
    #expect(
      TrainingBenchmarkOptions.shardSize(batch: share.batch, pieces: share.pieces, largest: share.largest)
        == share.shard)
  }

  /// So that 1 × 2 and 2 × 1 do the same work.
  @Test func ranksAndThreadsCutTheBatchAlike() throws {
    let (threads, ranks) = (
      try configuration(cores: 2) { $0.batch = 32 }, try configuration(ranks: 2) { $0.batch = 32 }
    )
    #expect(threads.batch.shard == 16 && ranks.batch.shard == 16)
  }

  @Test func aFileDecidesItsBatch() throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("c.yaml")
      try "data: {source: shapes}\nbatch: {global: 48, shard: 16}\nthreads: 3\n"
        .write(to: file, atomically: true, encoding: .utf8)
      let asItIs = try configuration(cores: 2) { $0.path = file.path }
      #expect(asItIs.batch == BatchSettings(global: 48, shard: 16) && asItIs.threads == 3)
      let smaller = try configuration {
        $0.path = file.path
        $0.batch = 24
        $0.threads = 1
      }
      #expect(smaller.batch == BatchSettings(global: 24, shard: 12) && smaller.threads == 1)
      let set = try configuration {
        $0.path = file.path
        $0.settings = ["batch.shard=2", "batch.global=8"]
        $0.size = 224
      }
      #expect(set.batch == BatchSettings(global: 8, shard: 2))
    }
  }

  @Test func anotherObjectiveBringsItsOwnHeads() throws {
    let simsiam = try configuration {
      $0.objective = .simsiam
      $0.isDense = true
    }
    #expect(simsiam.objective.chosen.isEqual(to: SimSiam.Settings()) && !simsiam.gates.enabled)
    let same = try configuration {
      $0.settings = ["objective.simclr.projector=[64, 32]"]
      $0.objective = .simclr
    }
    #expect(same.objective[SimCLR.Settings.self].projector == [64, 32])
  }
}

private let repositoryRoot = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
