import Configurations
import Datasets
import Objectives

extension Configuration {
  /// The fewest images that a network is fine-tuned on.
  static let fewestFinetuningImages = 8
  private static let largestFinetuningBatch = 256
  /// So many ranks, or a power of two below, compute the same bits.
  private static let finetuningRanks = 8

  /// This configuration's network trained further, with labels.
  ///
  /// Gates and budget stay as they are, and the bounds of densities, which help gates to learn at first, are lifted.
  /// Views are random crops and flips: no colour is changed. SGD with momentum 0.9 and no weight decay; the rate falls
  /// from step to step along a half cosine to 0.
  ///
  /// - Parameters:
  ///   - images: That have labels, at least `fewestFinetuningImages`.
  ///   - learningRate: The first step's, for batches of 256 images.
  func finetuning(
    images: Int, classCount: Int, epochs: Int, learningRate: Double, seed: UInt64, onError: OnBadImage
  ) -> Configuration {
    let usual = Configuration(dataSource: data.source)
    var other = self
    other.objective.name = .supervised
    other.objective[Supervised.Settings.self] = .init(classes: classCount)
    other.seed = seed
    other.epochs = epochs
    other.maxSteps = nil
    other.batch.global = Self.powerOfTwo(upTo: min(Self.largestFinetuningBatch, images))
    other.batch.shard = min(
      Self.powerOfTwo(upTo: batch.shard), max(other.batch.global / Self.finetuningRanks, 1))
    other.batch.micro = nil
    other.gates.gamma = 0
    other.optimizer = usual.optimizer
    other.optimizer.learningRate = learningRate
    other.optimizer.learningRateScaling = .linear
    other.optimizer.weightDecay = 0
    other.schedule = usual.schedule
    other.schedule.unit = .step
    other.schedule.warmupEpochs = 0
    other.augmentation.jitterProbability = 0
    other.augmentation.grayscaleProbability = 0
    other.augmentation.blurProbability = 0
    other.augmentation.solarizeProbability = 0
    other.data.onError = onError
    other.data.loaderThreads = nil
    // What was trained in bf16 can be trained further on any processor.
    if other.processorConflict != nil { other.precision = .f32 }
    return other
  }

  private static func powerOfTwo(upTo limit: Int) -> Int {
    1 << (Int.bitWidth - 1 - limit.leadingZeroBitCount)
  }
}
