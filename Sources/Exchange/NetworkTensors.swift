import Layers
import Networks
import Tensors

/// Parameters and running statistics by name, in torchvision's names and layouts (contract C8).
public struct NetworkTensors {
  private let parameters: [Parameter]
  private let batchNorms: [BatchNorm]

  public init(parameters: [Parameter], batchNorms: [BatchNorm]) {
    self.parameters = parameters
    self.batchNorms = batchNorms
  }

  public init(_ backbone: any Backbone) {
    self.init(parameters: backbone.parameters, batchNorms: backbone.batchNorms)
  }

  /// Parameters in their order, then running statistics.
  public var entries: [Safetensors.Entry] {
    parameters.map { .init(name: $0.name, shape: $0.shape, values: $0.array) }
      + batchNorms.flatMap { batchNorm -> [Safetensors.Entry] in
        let shape = [batchNorm.channels]
        return [
          .init(name: batchNorm.runningMeanName, shape: shape, values: batchNorm.runningMean),
          .init(name: batchNorm.runningVarianceName, shape: shape, values: batchNorm.runningVariance),
        ]
      }
  }

  /// What the entries are called and how large they are.
  public var shapes: [(name: String, shape: [Int])] {
    parameters.map { ($0.name, $0.shape) }
      + batchNorms.flatMap { batchNorm in
        [batchNorm.runningMeanName, batchNorm.runningVarianceName].map { ($0, [batchNorm.channels]) }
      }
  }

  /// The first that holds a value that is not finite; nil: all is well.
  public var firstNonFinite: String? {
    parameters.first { !$0.array.allSatisfy(\.isFinite) }?.name
      ?? batchNorms.first { !($0.runningMean + $0.runningVariance).allSatisfy(\.isFinite) }?.name
  }

  /// Gives another network's the same values: it has the same names and shapes.
  public func copy(to other: NetworkTensors) {
    for (own, copy) in zip(parameters, other.parameters) { copy.array = own.array }
    for (own, copy) in zip(batchNorms, other.batchNorms) {
      (copy.runningMean, copy.runningVariance) = (own.runningMean, own.runningVariance)
    }
  }

  /// Replaces tensors.
  ///
  /// - Parameter values: Of a tensor, as many as its shape says; nil: it stays as it is.
  public func replace(by values: (_ name: String) throws -> [Float]?) rethrows {
    for parameter in parameters {
      if let values = try values(parameter.name) { parameter.array = values }
    }
    for batchNorm in batchNorms {
      if let mean = try values(batchNorm.runningMeanName) { batchNorm.runningMean = mean }
      if let variance = try values(batchNorm.runningVarianceName) { batchNorm.runningVariance = variance }
    }
  }
}

extension BatchNorm {
  var runningMeanName: String { "\(name).running_mean" }
  var runningVarianceName: String { "\(name).running_var" }
}
