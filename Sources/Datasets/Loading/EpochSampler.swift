import Tensors

/// Which images each step of each epoch takes: one order an epoch, from seed and epoch alone.
///
/// Global batch b of epoch e is entries b·B ..< (b + 1)·B of that epoch's permutation, and a rank takes a
/// consecutive run of it; so neither the rank count nor a resumption changes what a step sees (contract C3).
/// The last partial batch of an epoch is left out.
public struct EpochSampler: Sendable {
  public let datasetCount: Int
  public let globalBatchSize: Int
  public let seed: UInt64
  public let order: Order

  /// How an epoch is shuffled.
  public enum Order: Sendable, Equatable {
    /// All images, each order as likely as another.
    case full
    /// So that ranks read blocks of images one after the other.
    case windowed(WindowedOrder)
  }

  /// The order that suits how a data set is read.
  ///
  /// - Parameters:
  ///   - shardSize: Divides the global batch.
  ///   - shuffleWindow: Images that are shuffled at a time, in all, where the data is read in blocks; nil: see
  ///     `WindowedOrder`.
  /// - Throws: `SamplerError` for a global batch below 2 or above the data set.
  public init(
    for dataset: any ImageDataset, globalBatchSize: Int, shardSize: Int, seed: UInt64,
    shuffleWindow: Int? = nil
  ) throws(SamplerError) {
    precondition(shardSize > 0 && globalBatchSize % shardSize == 0)
    let order = dataset.blocks.map {
      WindowedOrder($0, streams: globalBatchSize / shardSize, shardSize: shardSize, window: shuffleWindow)
    }
    try self.init(
      datasetCount: dataset.count, globalBatchSize: globalBatchSize, seed: seed,
      order: order.map { .windowed($0) } ?? .full)
  }

  /// - Throws: `SamplerError` for a global batch below 2 or above the data set.
  public init(
    datasetCount: Int, globalBatchSize: Int, seed: UInt64, order: Order = .full
  ) throws(SamplerError) {
    guard globalBatchSize >= 2, globalBatchSize <= datasetCount else {
      throw SamplerError(globalBatchSize: globalBatchSize, datasetCount: datasetCount)
    }
    self.datasetCount = datasetCount
    self.globalBatchSize = globalBatchSize
    self.seed = seed
    self.order = order
  }

  public var stepsPerEpoch: Int { datasetCount / globalBatchSize }

  /// The order of an epoch: indices of the data set, none twice, at least those of `stepsPerEpoch` batches.
  public func permutation(epoch: Int) -> [Int] {
    switch order {
    case .full: RandomDraws(seed: seed, purpose: .shuffle, epoch: epoch).permutation(of: datasetCount)
    case .windowed(let order): order.permutation(steps: stepsPerEpoch, seed: seed, epoch: epoch)
    }
  }

  /// Bytes of images' blocks that a rank has in use at one time.
  public func cacheBytes(worldSize: Int) -> Int {
    switch order {
    case .full: 0
    case .windowed(let order): order.cacheBytes(worldSize: worldSize)
    }
  }

  /// Where a rank's part of global batch `batch` lies in the epoch's permutation.
  ///
  /// - Parameter worldSize: Divides the global batch.
  public func range(batch: Int, rank: Int, worldSize: Int) -> Range<Int> {
    precondition(globalBatchSize % worldSize == 0 && rank >= 0 && rank < worldSize)
    precondition(batch >= 0 && batch < stepsPerEpoch)
    let local = globalBatchSize / worldSize
    let start = batch * globalBatchSize + rank * local
    return start..<start + local
  }
}

/// A global batch that no step could be made of.
public struct SamplerError: Error, Equatable, CustomStringConvertible {
  public let globalBatchSize: Int
  public let datasetCount: Int

  public var description: String {
    if datasetCount < 2 {
      return "a training set of \(datasetCount) image cannot be trained on, at least 2 are needed"
    }
    if globalBatchSize < 2 {
      return "a global batch of \(globalBatchSize) is too small, the smallest is 2"
    }
    return "a global batch of \(globalBatchSize) is larger than the training set: "
      + "the largest allowed is \(datasetCount)"
  }
}
