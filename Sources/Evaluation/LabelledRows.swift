import Collectives
import Tensors

/// Feature vectors and classes of images, of which each rank holds a consecutive run.
public struct LabelledRows: Sendable {
  /// Of this rank's images.
  public let features: FeatureMatrix
  public let labels: [Int]
  /// The images that each rank holds, in rank order.
  public let shares: [Range<Int>]
  /// This rank's.
  public let share: Range<Int>

  /// - Parameters:
  ///   - features, labels: Of the images of this rank's share.
  ///   - shares: Of all ranks; nil: this one has everything.
  public init(_ features: FeatureMatrix, labels: [Int], shares: [Range<Int>]? = nil, rank: Int = 0) {
    self.features = features
    self.labels = labels
    self.shares = shares ?? [0..<labels.count]
    share = self.shares[rank]
    precondition(features.rows == share.count && labels.count == share.count, "a vector and a class an image")
  }

  /// Images of all ranks.
  public var count: Int { shares.last?.upperBound ?? 0 }

  /// The features of some images of one rank, on every rank.
  ///
  /// - Throws: `CollectiveError`.
  func broadcast(_ images: Range<Int>, from owner: Int, on communicator: Communicator) throws -> FeatureMatrix
  {
    guard communicator.worldSize > 1 else { return features.rows(images) }
    let block = Tensor(rows: images.count, columns: features.dimension)
    if communicator.rank == owner {
      let first = images.lowerBound - share.lowerBound
      features.values.withUnsafeBufferPointer {
        block.pointer.update(from: $0.baseAddress! + first * features.dimension, count: block.count)
      }
    }
    try communicator.broadcast(block, from: owner)
    return FeatureMatrix(
      Array(UnsafeBufferPointer(start: block.pointer, count: block.count)), dimension: features.dimension)
  }
}

extension Extraction {
  /// With the features of one of its layers.
  ///
  /// - Parameter layer: Its number; nil: the last.
  /// - Precondition: The images have labels.
  public func labelled(_ layer: Int? = nil, on communicator: Communicator) -> LabelledRows {
    guard let labels else { preconditionFailure("images without labels are no `ClassifiableParts`") }
    return LabelledRows(
      layers[layer ?? layers.count - 1].features, labels: labels, shares: shares, rank: communicator.rank)
  }
}
