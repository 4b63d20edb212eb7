import Layers
import Networks

/// What a pruned backbone would cost where zeros are neither multiplied nor stored. Sluice does both: this is what other
/// programs could make of the mask.
public struct SparseCost: Equatable, Sendable {
  /// Multiply-adds for one image as a share of the dense network's: remaining weights × output positions, of every
  /// convolution with all channels open, gates not among them.
  public let macsShare: Double
  /// Of a sparse checkpoint: parameters and running statistics, 4 bytes a number. A tensor with a mask takes a bit for each
  /// weight, rounded up to bytes, and the numbers of those that remain, or is dense where that is smaller. Names and shapes
  /// are not counted.
  public let bytes: Int

  /// - Parameter mask: Of the network's layers.
  public init(_ mask: PruningMask, of backbone: any Backbone) {
    let masks = Dictionary(uniqueKeysWithValues: mask.layers.map { ($0.name, $0.mask) })
    let blueprint = backbone.blueprint
    let macs = blueprint.sites.reduce(Int64(0)) { sum, site in
      guard let mask = masks["\(site.name).weight"] else { return sum + site.macs }
      return sum + Int64(mask.remaining) * Int64(site.shape.outHeight * site.shape.outWidth)
    }
    macsShare = Double(macs) / Double(MACs(blueprint).dense)
    bytes =
      backbone.parameters.reduce(0) { $0 + Self.bytes(of: $1.count, masks[$1.name]) }
      + backbone.batchNorms.reduce(0) { $0 + 2 * Self.bytes(of: $1.channels, nil) }
  }

  /// Of a tensor of so many numbers.
  private static func bytes(of count: Int, _ mask: WeightMask?) -> Int {
    let dense = 4 * count
    return mask.map { min((count + 7) / 8 + 4 * $0.remaining, dense) } ?? dense
  }
}
