import Foundation
import Foundations
import Images
import Tensors

/// What one rank takes in one training step.
public struct ViewBatch: Sendable {
  public let epoch: Int
  /// Counted from 0 over all epochs.
  public let step: Int
  /// The data set's index of each local image, shard after shard.
  public let indices: [Int]
  /// Images of the data set.
  public let imageCount: Int
  /// `[rows, 3, size, size]`, NCHW (one lane), normalised.
  public let images: Tensor
  /// Which image and view each row is.
  public let layout: RowLayout
  /// The bad images that were met for this batch, in the order of the local images; the images are their
  /// stand-ins'.
  public internal(set) var skipped: [SkippedImage] = []

  /// What the images are of; nil where no loader made the batch.
  private let dataset: (any ImageDataset)?
  /// Those of a batch that no loader made.
  private let ownLabels: [Int]?

  /// The class of each local image that is shown, a stand-in's where one is; nil where there are none. Looked up
  /// when it is asked for.
  public var labels: [Int]? {
    guard let dataset else { return ownLabels }
    let labels = shownIndices.map { dataset.label(at: $0) }
    return labels.contains(nil) ? nil : labels.compactMap(\.self)
  }

  /// The data set's index of each local image that is shown, a stand-in's where one is.
  public var shownIndices: [Int] {
    guard let dataset, !skipped.isEmpty else { return indices }
    let bad = Set(skipped.map(\.index))
    return indices.map { index in
      var shown = index
      while bad.contains(shown) { shown = (shown + 1) % dataset.count }
      return shown
    }
  }

  /// - Parameters:
  ///   - dataset: nil for a batch that no loader made.
  ///   - imageCount: Images that such a batch stands for.
  ///   - labels: The class of each of its local images.
  package init(
    epoch: Int, step: Int, indices: [Int], images: Tensor, layout: RowLayout,
    dataset: (any ImageDataset)? = nil, imageCount: Int = 0, labels: [Int]? = nil
  ) {
    self.imageCount = dataset?.count ?? imageCount
    self.epoch = epoch
    self.step = step
    self.indices = indices
    self.images = images
    self.layout = layout
    self.dataset = dataset
    ownLabels = labels
  }
}

/// Makes the batches of a run ahead of the step that needs them, on threads of lower priority.
///
/// A batch depends on data, configuration, seed and step only, never on ranks (but for which part is this
/// rank's), threads or time: started at step k, the loader brings what it would have brought at step k
/// anyway. At most `queueDepth` batches exist besides the one handed out.
public final class ViewLoader: Sendable {
  /// Steps in one pass over the data; the last partial global batch is left out.
  public let stepsPerEpoch: Int
  private let queue: ViewQueue

  /// Starts the threads.
  ///
  /// - Parameters:
  ///   - maker: Of the views; its seed decides the order of images, too.
  ///   - onError: What happens where an image cannot be used.
  ///   - globalBatchSize: Images of all ranks in a step; a multiple of `shardSize · worldSize`.
  ///   - shuffleWindow: Images that are shuffled at a time where the data is read in blocks, see
  ///     `EpochSampler`.
  ///   - startStep: The step of the first batch.
  ///   - threads: That make views, at least 1.
  ///   - queueDepth: Batches made ahead, at least 1.
  /// - Throws: `AugmentationError` or `SamplerError` for values no batch could be made with.
  public init(
    dataset: any ImageDataset, maker: ViewMaker, onError: OnBadImage = .stop, globalBatchSize: Int,
    shardSize: Int, rank: Int = 0, worldSize: Int = 1,
    shuffleWindow: Int? = nil, startStep: Int = 0, threads: Int = 1, queueDepth: Int = 2
  ) throws {
    try maker.augmentation.validate()
    precondition(
      shardSize > 0 && globalBatchSize % (shardSize * worldSize) == 0,
      "a global batch of \(globalBatchSize) in shards of \(shardSize) on \(worldSize) ranks")
    precondition(startStep >= 0 && threads > 0 && queueDepth > 0)
    let sampler = try EpochSampler(
      for: dataset, globalBatchSize: globalBatchSize, shardSize: shardSize, seed: maker.seed,
      shuffleWindow: shuffleWindow)
    dataset.reserve(cacheBytes: sampler.cacheBytes(worldSize: worldSize))
    stepsPerEpoch = sampler.stepsPerEpoch
    let plan = ViewPlan(
      reader: ImageReader(dataset, onError: onError), maker: maker,
      layout: RowLayout(
        images: globalBatchSize / worldSize, views: maker.count, turns: maker.turns, shardSize: shardSize),
      sampler: sampler, rank: rank, worldSize: worldSize)
    queue = ViewQueue(plan: plan, startStep: startStep, threads: threads, depth: queueDepth)
    for number in 0..<threads {
      startThread("sluice-load-\(number)") { [queue] in
        // Linux gives each thread its own niceness, and 0 means the calling one. The step comes first: it
        // waits for the slowest rank, the loader is ahead.
        setpriority(Int32(PRIO_PROCESS.rawValue), 0, 10)
        queue.work()
      }
    }
  }

  deinit { queue.stop() }

  /// The next batch; waits until it is made.
  ///
  /// - Throws: What the data set threw for an image of this batch (of several, the first in the batch), from
  ///   then on at every call; `LoaderStopped` after `stop()`.
  public func next() throws -> ViewBatch { try queue.next() }

  /// Seconds that `next()` has spent waiting since the start.
  public var waitedSeconds: Double { queue.waitedSeconds }

  /// Ends the threads and returns when they have ended. Batches made ahead are dropped.
  public func stop() { queue.stop() }
}

/// A batch was asked for after `ViewLoader.stop()`.
public struct LoaderStopped: Error, CustomStringConvertible {
  public var description: String { "the loader was stopped" }
}
