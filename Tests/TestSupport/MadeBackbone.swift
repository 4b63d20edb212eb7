import Layers
import Networks
import Tensors
import Testing

/// A small network whose every tensor is drawn, running statistics included, so that none can be mistaken for another.
public struct MadeBackbone: Sendable, CustomTestStringConvertible {
  public var depth: Int
  public var width: Int
  public var gated: Bool
  public var stem: ResNetConfiguration.Stem
  public var stemPadding: Int
  public var inputSize: Int

  /// Channels between the convolutions of blocks; nil: as many as the family has.
  public var innerChannels: [Int]?

  public init(
    depth: Int = 18, width: Int = 8, gated: Bool = true, stem: ResNetConfiguration.Stem = .cifar,
    stemPadding: Int = 1, inputSize: Int = 8
  ) {
    self.depth = depth
    self.width = width
    self.gated = gated
    self.stem = stem
    self.stemPadding = stemPadding
    self.inputSize = inputSize
  }

  public var testDescription: String { "depth \(depth), \(stem)\(gated ? ", gated" : "")" }

  /// Every kind of block, with gates and without, behind both stems.
  public static let all: [MadeBackbone] = [
    MadeBackbone(), MadeBackbone(gated: false, stemPadding: 2), MadeBackbone(stem: .imagenet, inputSize: 33),
    MadeBackbone(depth: 50), MadeBackbone(depth: 50, gated: false, stem: .imagenet, inputSize: 32),
    vgg16, MadeBackbone(depth: 11, gated: false, inputSize: 32),
  ]
  public static let vgg16 = MadeBackbone(depth: 16, inputSize: 33)

  /// Of the family that the depth is of.
  private var configuration: any BackboneConfiguration {
    var family = family
    family.innerChannels = innerChannels
    return family
  }

  private var family: any BackboneConfiguration {
    if VGGConfiguration.depths.contains(depth) {
      var vgg = VGGConfiguration(depth: depth)
      (vgg.width, vgg.gated, vgg.inputSize) = (width, gated, inputSize)
      return vgg
    }
    var resNet = ResNetConfiguration(depth: depth)
    resNet.width = width
    resNet.gated = gated
    resNet.stem = stem
    resNet.stemPadding = stemPadding
    resNet.inputSize = inputSize
    resNet.zeroInitResidual = false
    return resNet
  }

  public func make(seed: UInt64) -> any Backbone {
    let backbone = StackedBackbone(configuration)
    initializeWeights(backbone: backbone, heads: [], seed: seed)
    // Gates look at their images closely.
    for parameter in backbone.parameters
    where parameter.name.contains("gate") && parameter.name.hasSuffix(".0.weight") {
      parameter.array = parameter.array.map { 5 * $0 }
    }
    var numbers = TestNumbers(seed: seed)
    for batchNorm in backbone.batchNorms {
      batchNorm.runningMean = numbers.uniforms(batchNorm.channels, -0.5, 0.5)
      batchNorm.runningVariance = numbers.uniforms(batchNorm.channels, 0.5, 2)
      batchNorm.weight!.array = numbers.uniforms(batchNorm.channels, 0.5, 1)
      batchNorm.bias!.array = numbers.uniforms(batchNorm.channels, -0.5, 0.5)
    }
    return backbone
  }

  public static let pool = WorkerPool.forKernels(threads: 1)
}
