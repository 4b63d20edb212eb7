import Layers

/// Multiply-adds of a network for one image: convolutions, down-sampling included; no batch norm, no pooling.
///
/// Papers call them FLOPs and count one for a multiply-add; a FLOP count is twice this.
public struct MACs: Sendable, Equatable {
  public struct Block: Sendable, Equatable {
    public let name: String
    public let inChannels: Int
    public let outChannels: Int
    public let height: Int
    public let width: Int
    public let conv1: Int64
    public let conv2: Int64
    public let downsample: Int64
    public let gate: Int64
    /// All channels computed, without the gate.
    public var dense: Int64 { conv1 + conv2 + downsample }
    /// What one open channel costs: 9·H·W·(C_in + C_out).
    public var perOpenChannel: Int64 { (conv1 + conv2) / Int64(outChannels) }
    /// The block's convolutions with `open` channels computed.
    public func gated(open: Int) -> Int64 { perOpenChannel * Int64(open) + downsample }
  }

  public let stem: Int64
  public let blocks: [Block]
  /// Stem and all channels of all blocks; no gates: what shares and budgets divide by.
  public var dense: Int64 { stem + blocks.reduce(0) { $0 + $1.dense } }
  public var gates: Int64 { blocks.reduce(0) { $0 + $1.gate } }
  /// Stem, gates and what is computed whatever the gates decide: the cost of closing everything.
  public var allClosed: Int64 { stem + gates + blocks.reduce(0) { $0 + $1.downsample } }

  /// - Parameter size: Height and width of the images.
  public init(_ network: ResNet, imageSize size: Int) {
    func cost(_ convolution: Convolution, _ height: Int, _ width: Int) -> Int64 {
      Int64(convolution.kernelSize * convolution.kernelSize * convolution.inChannels * convolution.outChannels)
        * Int64(height * width)
    }
    var side = network.stem.outputSize(size)
    stem = cost(network.stem, side, side)
    if network.configuration.stem == .imagenet { side = (side - 1) / 2 + 1 }
    blocks = network.blocks.map { block in
      side = block.conv1.outputSize(side)
      return Block(
        name: block.name, inChannels: block.conv1.inChannels, outChannels: block.conv1.outChannels,
        height: side, width: side, conv1: cost(block.conv1, side, side),
        conv2: cost(block.conv2, side, side),
        downsample: block.downsample.map { cost($0.convolution, side, side) } ?? 0,
        gate: block.gate?.macs ?? 0)
    }
  }

  /// Stem, gates and convolutions for one image with these open channels in each block.
  public func gated(open: [Int]) -> Int64 {
    stem + gates + zip(blocks, open).reduce(0) { $0 + $1.0.gated(open: $1.1) }
  }
}
