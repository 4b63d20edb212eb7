import Networks

/// What a network spent on a set of images.
public struct ChannelUsage: Sendable, Equatable {
  public struct Block: Sendable, Equatable {
    public let name: String
    /// Open channels as a share of all that its gates switch.
    public let density: Double
    /// MACs of the block's convolutions and gates as a share of its dense convolutions.
    public let macsShare: Double
  }

  /// Per gated block; empty for a dense network.
  public let blocks: [Block]
  /// Open channels as a share of all, by gate.
  public let densities: [Double]
  /// MACs of the whole network as a share of the dense one's; 1 for a dense network.
  public let macsShare: Double

  public init(_ usage: GateUsage, macs: MACs) {
    blocks = macs.blocks.enumerated().filter { !$0.element.gates.isEmpty }.map { number, block in
      let open = block.gates.reduce(0.0) { $0 + usage.open[$1] }
      let channels = macs.channels[block.gates].reduce(0, +)
      return Block(
        name: block.name, density: open / (Double(usage.images) * Double(channels)),
        macsShare: macs.share(usage, ofBlock: number))
    }
    densities = macs.channels.indices.map { usage.density(of: $0, macs) }
    macsShare = macs.share(usage)
  }
}
