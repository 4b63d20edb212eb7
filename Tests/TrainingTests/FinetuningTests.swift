import Configurations
import Datasets
import Objectives
import Testing

@testable import Training

@Suite struct FinetuningTests {
  private func configuration(images: Int, shard: Int = 32) -> Configuration {
    var pretraining = Configuration(dataSource: "shapes")
    pretraining.batch.shard = shard
    pretraining.batch.micro = 64
    pretraining.augmentation.blurProbability = 0.5
    return pretraining.finetuning(
      images: images, classCount: 10, epochs: 30, learningRate: 0.05, seed: 4, onError: .skip)
  }

  /// Batch and shards for as many images, and whatever shards pretraining had.
  @Test(arguments: [
    (8, 32, 8, 1), (15, 32, 8, 1), (80, 32, 64, 8), (255, 32, 128, 16), (256, 32, 256, 32),
    (50_000, 32, 256, 32), (50_000, 8, 256, 8), (50_000, 12, 256, 8), (50_000, 1, 256, 1),
  ]) func upToEightRanksShareABatch(images: Int, shard: Int, batch: Int, expectedShard: Int) {
    let configuration = configuration(images: images, shard: shard)
    #expect(configuration.batch.global == batch && configuration.batch.shard == expectedShard)
    for ranks in [1, 2, 4, 8] {
      #expect(configuration.conflict(imageCount: images, worldSize: ranks) == nil, "\(ranks) ranks")
    }
  }

  @Test func gatesKeepTheirBudgetAndViewsTheirColours() {
    let configuration = configuration(images: 64)
    #expect(configuration.budget?.gamma == 0)
    #expect(configuration.budget?.target == 0.5 && configuration.budget?.lambda == 5)
    let views = configuration.views
    #expect(
      [
        views.jitterProbability, views.grayscaleProbability, views.blurProbability, views.solarizeProbability,
      ] == [0, 0, 0, 0])
    #expect(views.flipProbability == 0.5)
    #expect(configuration.objective.chosen.views == 1 && configuration.objective.chosen.classCount == 10)
  }

  /// 0.05 for 256 images, a quarter of it for 64, down to nearly nothing at the last step.
  @Test func theRateFollowsBatchAndCosine() {
    let configuration = configuration(images: 64)
    let rates = configuration.learningRates
    #expect(rates.rate(step: 0, stepsPerEpoch: 1) == 0.05 / 4)
    #expect(abs(rates.rate(step: 15, stepsPerEpoch: 1) - 0.05 / 8) < 1e-12)
    #expect(rates.rate(step: 29, stepsPerEpoch: 1) < 0.05 / 4 / 100)
    #expect(configuration.optimizer.weightDecay == 0 && configuration.optimizer.momentum == 0.9)
  }

  @Test func onePercentTakesTwiceTheEpochs() {
    let settings = FinetuneSettings(shares: [])
    #expect([0.5, 1, 10, 100].map { settings.epochs(for: LabelShare(percent: $0)) } == [60, 60, 30, 30])
  }
}
