import Layers
import Networks
import Tensors
import TestSupport
import Testing

@testable import Exchange

/// A small network whose every tensor is drawn, running statistics included, so that none can be mistaken for another.
struct MadeBackbone: Sendable, CustomTestStringConvertible {
  var depth = 18
  var width = 8
  var gated = true
  var stem = ResNetConfiguration.Stem.cifar
  var stemPadding = 1
  var inputSize = 8

  var testDescription: String { "depth \(depth), \(stem)\(gated ? ", gated" : "")" }

  /// Every kind of block, with gates and without, behind both stems.
  static let all: [MadeBackbone] = [
    MadeBackbone(), MadeBackbone(gated: false, stemPadding: 2), MadeBackbone(stem: .imagenet, inputSize: 33),
    MadeBackbone(depth: 50), MadeBackbone(depth: 50, gated: false, stem: .imagenet, inputSize: 32),
    vgg16, MadeBackbone(depth: 11, gated: false, inputSize: 32),
  ]
  static let vgg16 = MadeBackbone(depth: 16, inputSize: 33)

  /// Of the family that the depth is of.
  private var configuration: any BackboneConfiguration {
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

  func make(seed: UInt64) -> any Backbone {
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

  static let pool = WorkerPool.forKernels(threads: 1)
}
