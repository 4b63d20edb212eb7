/// Multiply-adds of a network for one image, as a function of the channels that its gates open: convolutions,
/// down-sampling included; no batch norm, no pooling.
///
/// A convolution computes its open output channels from its open input channels, so it costs
/// k²·H'·W' · (open in) · (open out). A gate stands at no side of a convolution (a constant), at one (linear in its open
/// channels n), or gates stand at both (n₁·n₂): the network's cost is a polynomial in the counts of one image,
///
///   cost(n) = stem + gates + Σ fixed + Σ_g perOpenChannel_g · n_g + Σ_p macs_p · n_first(p) · n_second(p).
///
/// For a basic block perOpenChannel is 9·H'·W'·(C_in + C_out) and there are no products; for a bottleneck they are
/// C_in·H·W and C_out·H'·W', and its one product is 9·H'·W'·n₁·n₂ [D]; a stage of a VGG has a product for every
/// convolution but its first and its last. All numbers are whole: counts are exact.
///
/// Papers call them FLOPs and count one for a multiply-add; a FLOP count is twice this.
public struct MACs: Sendable, Equatable {
  /// Where two gates meet in a convolution: its cost grows with both counts.
  public struct Product: Sendable, Equatable {
    public let first: Int
    public let second: Int
    /// Of one open channel of each.
    public let macs: Int64
  }

  public struct Block: Sendable, Equatable {
    public let name: String
    /// All channels computed, without gates.
    public let dense: Int64
    /// What is computed whatever gates decide, without the gates themselves.
    public let fixed: Int64
    /// Its gates themselves.
    public let gateMACs: Int64
    /// Its gates among those of the network.
    public let gates: Range<Int>
    /// Its products among those of the network.
    public let products: Range<Int>
  }

  public let stem: Int64
  public let blocks: [Block]
  /// By gate: what one open channel costs, products apart.
  public let perOpenChannel: [Int64]
  public let products: [Product]
  /// By gate: the channels that it opens and closes.
  public let channels: [Int]

  /// Stem and all channels of all blocks; no gates: what shares and budgets divide by.
  public let dense: Int64
  public let gates: Int64
  /// Stem, gates and what is computed whatever they decide: the cost of closing everything.
  public let allClosed: Int64

  public init(_ blueprint: Blueprint) {
    var perOpenChannel = [Int64](repeating: 0, count: blueprint.gates.count)
    var products: [Product] = []
    blocks = blueprint.blocks.map { block in
      var fixed: Int64 = 0
      let firstProduct = products.count
      for site in block.sites {
        switch (site.gateBefore, site.gateBehind) {
        case (nil, nil): fixed += site.macs
        case (nil, let gate?): perOpenChannel[gate] += site.macsPerPair * Int64(site.shape.inChannels)
        case (let gate?, nil): perOpenChannel[gate] += site.macsPerPair * Int64(site.shape.outChannels)
        case (let before?, let behind?):
          products.append(Product(first: before, second: behind, macs: site.macsPerPair))
        }
      }
      return Block(
        name: block.name, dense: block.sites.reduce(0) { $0 + $1.macs }, fixed: fixed,
        gateMACs: blueprint.gates[block.gates].reduce(0) { $0 + $1.macs }, gates: block.gates,
        products: firstProduct..<products.count)
    }
    self.perOpenChannel = perOpenChannel
    self.products = products
    channels = blueprint.gates.map(\.channels)
    stem = blueprint.stem.macs
    dense = stem + blocks.reduce(0) { $0 + $1.dense }
    gates = blocks.reduce(0) { $0 + $1.gateMACs }
    allClosed = stem + gates + blocks.reduce(0) { $0 + $1.fixed }
  }

  /// Stem, gates and convolutions for one image with these open channels of each gate.
  public func gated(open: [Int]) -> Int64 {
    allClosed + zip(perOpenChannel, open).reduce(0) { $0 + $1.0 * Int64($1.1) }
      + products.reduce(0) { $0 + $1.macs * Int64(open[$1.first] * open[$1.second]) }
  }

  /// Convolutions and gates of a block for one image with these open channels of each gate of the network.
  public func gated(block number: Int, open: [Int]) -> Int64 {
    let block = blocks[number]
    return block.fixed + block.gateMACs
      + block.gates.reduce(0) { $0 + perOpenChannel[$1] * Int64(open[$1]) }
      + products[block.products].reduce(0) { $0 + $1.macs * Int64(open[$1.first] * open[$1.second]) }
  }

  /// Mean cost of images as a share of the dense network's; 1 for a network without gates.
  public func share(_ usage: GateUsage) -> Double { GateCost(self).share(usage) }

  /// Mean cost of a block's convolutions and gates as a share of its dense convolutions'.
  public func share(_ usage: GateUsage, ofBlock number: Int) -> Double {
    let block = blocks[number]
    let variable =
      block.gates.reduce(0.0) { $0 + Double(perOpenChannel[$1]) * usage.open[$1] }
      + block.products.reduce(0.0) { $0 + Double(products[$1].macs) * usage.products[$1] }
    return (variable / Double(usage.images) + Double(block.fixed + block.gateMACs)) / Double(block.dense)
  }
}
