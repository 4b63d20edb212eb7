import Layers
import Optimizers
import Tensors

/// A model's state by name, in torchvision's names and layouts (contract C8): what `model.safetensors` and
/// `optimizer.safetensors` hold.
extension Model {
  /// Parameters in the order of the forward pass, then running statistics.
  var modelEntries: [Safetensors.Entry] {
    store.parameters.map { .init(name: $0.name, shape: $0.shape, values: $0.array) }
      + batchNorms.flatMap { batchNorm -> [Safetensors.Entry] in
        let shape = [batchNorm.channels]
        return [
          .init(name: batchNorm.runningMeanName, shape: shape, values: batchNorm.runningMean),
          .init(name: batchNorm.runningVarianceName, shape: shape, values: batchNorm.runningVariance),
        ]
      }
  }

  /// The first parameter or running statistic that holds a value that is not finite; nil: all is well.
  var firstNonFinite: String? {
    store.parameters.first { !$0.array.allSatisfy(\.isFinite) }?.name
      ?? batchNorms.first { !($0.runningMean + $0.runningVariance).allSatisfy(\.isFinite) }?.name
  }

  /// Replaces the whole state by a file's.
  ///
  /// - Throws: `CheckpointError.otherNetwork` naming the first tensor that differs; nothing is changed then.
  func load(_ file: SafetensorsFile) throws {
    try matchTensors(modelEntries.map { ($0.name, $0.shape) }, in: file)
    for parameter in store.parameters { parameter.array = try file.floats(parameter.name) }
    try loadRunningStatistics(of: batchNorms, from: file)
  }

  /// v of the optimizer, by the name of its parameter.
  func optimizerEntries(_ optimizer: Optimizer) -> [Safetensors.Entry] {
    store.parameters.enumerated().map { index, parameter in
      .init(name: parameter.name, shape: parameter.shape, values: optimizer.velocity(of: index))
    }
  }

  /// Replaces the optimizer's state by a file's.
  func load(_ file: SafetensorsFile, into optimizer: Optimizer) throws {
    try matchTensors(store.parameters.map { ($0.name, $0.shape) }, in: file)
    for (index, parameter) in store.parameters.enumerated() {
      optimizer.setVelocity(try file.floats(parameter.name), of: index)
    }
  }
}

extension BatchNorm {
  var runningMeanName: String { "\(name).running_mean" }
  var runningVarianceName: String { "\(name).running_var" }
}

func loadRunningStatistics(of batchNorms: [BatchNorm], from file: SafetensorsFile) throws {
  for batchNorm in batchNorms {
    batchNorm.runningMean = try file.floats(batchNorm.runningMeanName)
    batchNorm.runningVariance = try file.floats(batchNorm.runningVarianceName)
  }
}
