import Collectives
import Datasets
import Networks

/// What a network made of the images of a data set: each rank holds what it saw, a consecutive run of them.
public struct Extraction: Sendable {
  /// Feature vectors that a layer gave.
  public struct Layer: Sendable {
    /// For example `backbone` or `layer2`.
    public let name: String
    /// Of this rank's images.
    public internal(set) var features: FeatureMatrix
  }

  /// In the order of the forward pass.
  public internal(set) var layers: [Layer]
  /// The images that each rank saw, in rank order: together all that were asked for.
  public let shares: [Range<Int>]
  /// Numbers of this rank's images, as they were really seen: of its stand-in where one could not be used.
  public internal(set) var shown: [Int] = []
  /// Of the images that were really seen. nil: they have none.
  public internal(set) var labels: [Int]?
  /// What gates did for each of this rank's images.
  public internal(set) var gates: GateDecisions
  /// The images that this rank could not use, in the data set's order.
  public internal(set) var skipped: [SkippedImage] = []
  /// Open channels over all ranks' images.
  public internal(set) var usage: GateUsage

  /// Images of all ranks.
  public var images: Int { shares.reduce(0) { $0 + $1.count } }

  /// The only layer that was asked for, or the last.
  public var features: FeatureMatrix { layers[layers.count - 1].features }
}

extension Communicator {
  /// All ranks' rows in the data set's order, on rank 0; nil on others, which hold no more than their own.
  ///
  /// - Throws: `CollectiveError`.
  public func gatherOnRoot(_ own: FeatureMatrix) throws -> FeatureMatrix? {
    try gather(own.values, to: 0).map { FeatureMatrix($0, dimension: own.dimension) }
  }
}
