import Networks

/// What a network spent on a set of images.
public struct ChannelUsage: Sendable, Equatable {
  public struct Block: Sendable, Equatable {
    public let name: String
    /// Open channels as a share of all.
    public let density: Double
    /// MACs of the block's convolutions and gate as a share of its dense convolutions.
    public let macsShare: Double
  }

  /// Per gated block; empty for a dense network.
  public let blocks: [Block]
  /// MACs of the whole network as a share of the dense one's; 1 for a dense network.
  public let macsShare: Double

  /// - Parameters:
  ///   - open: Open channels of each block, summed over `images`; empty for a dense network.
  public init(open: [Int64], images: Int, macs: MACs) {
    let images = Double(images)
    blocks = zip(macs.blocks, open).map { block, open in
      let spent = Double(block.perOpenChannel) * Double(open) / images
      return Block(
        name: block.name, density: Double(open) / (images * Double(block.outChannels)),
        macsShare: (spent + Double(block.downsample + block.gate)) / Double(block.dense))
    }
    guard !open.isEmpty else {
      macsShare = 1
      return
    }
    let variable = zip(macs.blocks, open).reduce(0.0) { $0 + Double($1.0.perOpenChannel) * Double($1.1) }
    macsShare = (Double(macs.allClosed) + variable / images) / Double(macs.dense)
  }
}
