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

  var testDescription: String { "ResNet-\(depth), \(stem)\(gated ? ", gated" : "")" }

  /// Both blocks, with gates and without, behind both stems.
  static let all: [MadeBackbone] = [
    MadeBackbone(), MadeBackbone(gated: false, stemPadding: 2), MadeBackbone(stem: .imagenet, inputSize: 33),
    MadeBackbone(depth: 50), MadeBackbone(depth: 50, gated: false, stem: .imagenet, inputSize: 32),
  ]

  func make(seed: UInt64) -> any Backbone {
    var configuration = ResNetConfiguration(depth: depth)
    configuration.width = width
    configuration.gated = gated
    configuration.stem = stem
    configuration.stemPadding = stemPadding
    configuration.inputSize = inputSize
    configuration.zeroInitResidual = false
    let backbone = ResNet(configuration)
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
