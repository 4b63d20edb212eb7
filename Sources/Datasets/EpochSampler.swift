import Tensors

/// Which pictures each step of each epoch takes: one shuffle of the whole data set an epoch, from seed and
/// epoch alone.
///
/// Global batch b of epoch e is entries b·B ..< (b + 1)·B of that epoch's permutation, and a rank takes a
/// consecutive run of it; so neither the rank count nor a resumption changes what a step sees (contract C3).
/// The last partial batch of an epoch is left out.
public struct EpochSampler: Sendable {
  public let datasetCount: Int
  public let globalBatchSize: Int
  public let seed: UInt64

  /// - Throws: `SamplerError` for a global batch below 2 or above the data set.
  public init(datasetCount: Int, globalBatchSize: Int, seed: UInt64) throws(SamplerError) {
    guard globalBatchSize >= 2, globalBatchSize <= datasetCount else {
      throw SamplerError(globalBatchSize: globalBatchSize, datasetCount: datasetCount)
    }
    self.datasetCount = datasetCount
    self.globalBatchSize = globalBatchSize
    self.seed = seed
  }

  public var stepsPerEpoch: Int { datasetCount / globalBatchSize }

  /// The order of an epoch: every index of the data set once, by Fisher and Yates.
  public func permutation(epoch: Int) -> [Int] {
    let draws = RandomDraws(seed: seed, purpose: .shuffle, epoch: epoch)
    var order = Array(0..<datasetCount)
    for last in stride(from: datasetCount - 1, to: 0, by: -1) {
      order.swapAt(last, draws.integer(datasetCount - 1 - last, below: last + 1))
    }
    return order
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
