import Layers

/// A network in numbers: its convolutions and gates in the order of the forward pass, with the sizes that they have for
/// one size of input.
///
/// What a network costs, how much memory it takes, which kernels it needs and what its tensors are called are loops over
/// this. Layers are made from it, so that it cannot disagree with them.
public struct Blueprint: Sendable, Equatable {
  /// The place of a convolution and of the batch norm behind it.
  public struct Site: Sendable, Equatable {
    /// Of the convolution, for example `layer2.0.conv1`.
    public let name: String
    /// Name of the batch norm behind it, for example `layer2.0.bn1`.
    public let batchNorm: String
    /// The convolution of one image.
    public let shape: ConvolutionShape
    /// The gate on its input channels: closed ones are zeros and cost nothing.
    public var gateBefore: Int?
    /// The gate on its output channels: closed ones need not be computed.
    public var gateBehind: Int?
    /// Whether it is the first, which takes images in NCHW and needs no gradient of them.
    public var takesImages = false
    /// Whether its batch norm's γ starts at 0, so that its block starts as the shortcut alone.
    public var startsAtZero = false

    /// Multiply-adds of one pair of input and output channels: k²·H'·W'.
    public var macsPerPair: Int64 {
      Int64(shape.kernelSize * shape.kernelSize) * Int64(shape.outHeight * shape.outWidth)
    }
    /// Multiply-adds with all channels.
    public var macs: Int64 { macsPerPair * Int64(shape.inChannels * shape.outChannels) }

    /// Multiply-adds for one image: only open inputs are read, only open outputs are computed.
    ///
    /// - Parameter open: Open channels of each gate of the network.
    public func macs(open: [Int]) -> Int64 {
      let inputs = gateBefore.map { open[$0] } ?? shape.inChannels
      let outputs = gateBehind.map { open[$0] } ?? shape.outChannels
      return macsPerPair * Int64(inputs * outputs)
    }
  }

  /// The place of a gate; its number is its index in `gates`.
  public struct GateSite: Sendable, Equatable {
    /// For example `layer2.0.gate`.
    public let name: String
    /// Of the map whose means it sees.
    public let inChannels: Int
    /// Units between its two layers.
    public let hidden: Int
    /// That it opens and closes.
    public let channels: Int

    /// Multiply-adds of the gate itself: C_in·hidden + hidden·C_out.
    public var macs: Int64 { Int64(hidden * (inChannels + channels)) }
  }

  /// What leads around the convolutions of a block and is added to what they make of its input.
  public enum Shortcut: Sendable, Equatable {
    /// Nothing is added.
    case none
    /// The input itself.
    case identity
    /// The input behind a 1×1 convolution and a batch norm, where size or width change.
    case projection(Site)
  }

  /// Convolutions one after the other.
  public struct Block: Sendable, Equatable {
    /// For example `layer2.0`.
    public let name: String
    public let path: [Site]
    public let shortcut: Shortcut
    /// Max-pooling at the end.
    public let pool: MaxPool?
    /// Its gates among those of the network.
    public let gates: Range<Int>

    /// The convolution of the shortcut, where there is one.
    public var projection: Site? {
      guard case .projection(let site) = shortcut else { return nil }
      return site
    }

    /// In the order of the forward pass.
    public var sites: [Site] { path + (projection.map { [$0] } ?? []) }
  }

  /// Blocks one after the other whose maps are of one size: `layer1` and so on.
  public struct Stage: Sendable, Equatable {
    public let name: String
    /// Among those of the network.
    public let blocks: Range<Int>
    /// Of its output.
    public let channels: Int
  }

  /// Height and width of the images in pixels.
  public let inputSize: Int
  public let stem: Site
  /// Max-pooling behind the stem.
  public let stemPool: MaxPool?
  public let blocks: [Block]
  public let gates: [GateSite]
  /// Length of a feature vector.
  public let featureCount: Int

  /// In the order of the forward pass.
  public var stages: [Stage] {
    blocks.indices.reduce(into: []) { stages, number in
      let name = blocks[number].name.prefix { $0 != "." }
      let first = stages.last.flatMap { $0.name == name ? $0.blocks.lowerBound : nil }
      if first != nil { stages.removeLast() }
      stages.append(
        Stage(
          name: String(name), blocks: (first ?? number)..<number + 1,
          channels: blocks[number].path.last!.shape.outChannels))
    }
  }

  /// Channels between the convolutions of blocks: output channels of each but the last of its block, in the order of the
  /// forward pass. What a shortcut adds up and what leads from block to block is not among them.
  public var innerChannels: [Int] { blocks.flatMap { $0.path.dropLast().map(\.shape.outChannels) } }

  /// What logs and reports call the gates, in the order of the forward pass: by their blocks where these have no more
  /// than one each.
  public var gateLabels: [String] {
    blocks.allSatisfy { $0.gates.count <= 1 }
      ? blocks.filter { !$0.gates.isEmpty }.map(\.name) : gates.map(\.name)
  }

  /// Every convolution but those of gates, in the order of the forward pass.
  public var sites: [Site] { [stem] + blocks.flatMap(\.sites) }
}
