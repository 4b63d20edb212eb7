import Collectives
import Networks

/// What a network made of some consecutive images of a data set, all ranks' together.
struct EmbeddedImages {
  /// Their numbers in the data set.
  let numbers: Range<Int>
  /// `[images × features]`.
  let features: [Float]
  /// Multiply-adds of each.
  let macs: [Int64]
  /// `[images × gates]`.
  let openChannels: [Int32]
  /// The images that were really seen: these, or stand-ins for those that could not be used.
  let shown: [Int]

  /// Every rank calls it.
  ///
  /// - Parameters:
  ///   - extraction: Of `numbers`.
  ///   - macs: Of the network.
  /// - Returns: nil on other ranks than 0.
  /// - Throws: `CollectiveError`.
  static func gather(
    _ extraction: Extraction, of numbers: Range<Int>, _ macs: MACs, on communicator: Communicator
  ) throws -> EmbeddedImages? {
    // One after the other on every rank, whatever any of them holds.
    let features = try communicator.gatherOnRoot(extraction.features)
    let decisions = try extraction.gates.gatheredCounts(on: communicator)
    let shown = try communicator.gather(extraction.shown, to: 0)
    guard let features, let decisions, let shown else { return nil }
    let spent = MeasuredMACs(decisions, images: numbers.count, macs).byImage
    return EmbeddedImages(
      numbers: numbers, features: features.values, macs: spent, openChannels: decisions.open.map(Int32.init),
      shown: shown)
  }
}
