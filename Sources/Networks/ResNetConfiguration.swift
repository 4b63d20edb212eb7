import Layers

/// What a residual network is made of.
public struct ResNetConfiguration: BackboneConfiguration, Equatable {
  public enum Stem: String, Sendable, CaseIterable {
    /// 3×3 convolution, stride 1, no pooling.
    case cifar
    /// 7×7 convolution, stride 2, padding 3, then 3×3 max-pooling, stride 2.
    case imagenet
  }

  public enum Block: Sendable {
    /// Two 3×3 convolutions, with a gate between them.
    case basic
    /// 1×1, 3×3 and 1×1 convolutions, with gates between them; the last has four times as many channels.
    case bottleneck

    /// Convolutions from the block's input to its sum.
    public var convolutions: Int { self == .basic ? 2 : 3 }
    /// Output channels as a multiple of the inner ones.
    public var expansion: Int { self == .basic ? 1 : 4 }
  }

  /// Height and width of the images in pixels.
  public var inputSize = 32
  /// Inner channels of the first stage: 64 in the papers; stages have 1, 2, 4 and 8 times as many.
  public var width = 64
  public var block: Block
  /// Blocks in each stage.
  public var stages: [Int]
  public var stem = Stem.cifar
  /// Padding of the CIFAR stem: 2 in [K] (maps 34, 17, 9, 5 wide), 1 elsewhere.
  public var stemPadding = 1
  /// Whether the last batch norm of each block starts at 0, so that blocks start as identities.
  public var zeroInitResidual = true
  public var innerChannels: [Int]?
  public var gated = true
  public var gateRule = GateRule()
  public var kernels = ConvolutionKernels.auto

  /// The depths that have a name, and what they stand for. Source: He et al., "Deep Residual Learning" (2016), Table 1.
  public static let named: [(depth: Int, block: Block, stages: [Int])] = [
    (18, .basic, [2, 2, 2, 2]), (34, .basic, [3, 4, 6, 3]), (50, .bottleneck, [3, 4, 6, 3]),
  ]

  public static let title = "ResNet"
  public static let depths = named.map(\.depth)
  public static let smallestInput = 1

  /// - Parameter depth: One of `named`.
  public init(depth: Int = 18) {
    guard let network = Self.named.first(where: { $0.depth == depth }) else {
      preconditionFailure("there is no ResNet-\(depth)")
    }
    (block, stages) = (network.block, network.stages)
  }

  /// Layers as the name counts them: stem, convolutions of blocks and a classifier, which there is none of here.
  public var depth: Int { 2 + block.convolutions * stages.reduce(0, +) }

  /// Length of a feature vector: 8·width, in bottlenecks 32·width.
  public var featureCount: Int { (width << (stages.count - 1)) * block.expansion }

  public var blueprint: Blueprint { Blueprint(self) }

  public var particulars: [String: String] {
    switch stem {
    case .cifar: ["stem": stem.rawValue, "stem_padding": "\(stemPadding)"]
    case .imagenet: ["stem": stem.rawValue]
    }
  }
}
