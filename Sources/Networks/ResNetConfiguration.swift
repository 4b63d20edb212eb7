import Layers

/// What a residual network is made of.
public struct ResNetConfiguration: Sendable, Equatable {
  public enum Stem: String, Sendable, CaseIterable {
    /// 3×3 convolution, stride 1, no pooling.
    case cifar
    /// 7×7 convolution, stride 2, padding 3, then 3×3 max-pooling, stride 2.
    case imagenet
  }

  /// Channels of the first stage: 64 for ResNet-18; stages have 1, 2, 4 and 8 times as many.
  public var width = 64
  public var stem = Stem.cifar
  /// Padding of the CIFAR stem: 2 in [K] (maps 34, 17, 9, 5 wide), 1 elsewhere.
  public var stemPadding = 1
  /// Whether the last batch norm of each block starts at 0, so that blocks start as identities.
  public var zeroInitResidual = true
  public var gated = true
  /// τ of the gates' sigmoid.
  public var gateTemperature = 0.66667
  public var kernels = ConvolutionKernels.auto
  /// Basic blocks in each stage: 2-2-2-2 is ResNet-18.
  public static let blocksPerStage = [2, 2, 2, 2]

  public init() {}

  /// Length of a feature vector: 8·width.
  public var featureCount: Int { width * 8 }
}
