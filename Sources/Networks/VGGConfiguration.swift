import Layers

/// What a VGG with batch norms is made of: stages of 3×3 convolutions, each stage with a 2×2 max-pool at its end.
public struct VGGConfiguration: BackboneConfiguration, Equatable {
  /// Height and width of the images in pixels: at least `smallestInput`.
  public var inputSize = 32
  /// Channels of the first stage: 64 in the paper; stages have 1, 2, 4, 8 and 8 times as many.
  public var width = 64
  /// Convolutions in each of the five stages.
  public var stages: [Int]
  public var innerChannels: [Int]?
  public var gated = true
  public var gateRule = GateRule()
  public var kernels = ConvolutionKernels.auto

  /// The depths that have a name, and what they stand for. Source: Simonyan & Zisserman, "Very Deep Convolutional
  /// Networks for Large-Scale Image Recognition" (2015), Table 1, columns A, B, D and E.
  public static let named: [(depth: Int, stages: [Int])] = [
    (11, [1, 1, 2, 2, 2]), (13, [2, 2, 2, 2, 2]), (16, [2, 2, 3, 3, 3]), (19, [2, 2, 4, 4, 4]),
  ]

  public static let title = "VGG"
  public static let depths = named.map(\.depth)
  /// Five halvings leave one pixel of it.
  public static let smallestInput = 32

  /// - Parameter depth: One of `named`.
  public init(depth: Int = 16) {
    guard let network = Self.named.first(where: { $0.depth == depth }) else {
      preconditionFailure("there is no VGG-\(depth)")
    }
    stages = network.stages
  }

  /// Layers as the name counts them: convolutions, and the three of a classifier, which there is none of here.
  public var depth: Int { stages.reduce(0, +) + 3 }

  /// Channels of a stage, counted from 0.
  func channels(ofStage stage: Int) -> Int { width << min(stage, 3) }

  public var blueprint: Blueprint { Blueprint(self) }
}
