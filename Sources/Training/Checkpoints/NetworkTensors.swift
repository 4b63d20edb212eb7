import Foundations
import Layers
import Tensors

/// Parameters and running statistics by name, in torchvision's names and layouts (contract C8).
struct NetworkTensors {
  let parameters: [Parameter]
  let batchNorms: [BatchNorm]

  /// Parameters in their order, then running statistics.
  var entries: [Safetensors.Entry] {
    parameters.map { .init(name: $0.name, shape: $0.shape, values: $0.array) }
      + batchNorms.flatMap { batchNorm -> [Safetensors.Entry] in
        let shape = [batchNorm.channels]
        return [
          .init(name: batchNorm.runningMeanName, shape: shape, values: batchNorm.runningMean),
          .init(name: batchNorm.runningVarianceName, shape: shape, values: batchNorm.runningVariance),
        ]
      }
  }

  /// The first that holds a value that is not finite; nil: all is well.
  var firstNonFinite: String? {
    parameters.first { !$0.array.allSatisfy(\.isFinite) }?.name
      ?? batchNorms.first { !($0.runningMean + $0.runningVariance).allSatisfy(\.isFinite) }?.name
  }

  /// Replaces all by a file's.
  ///
  /// - Parameter allowingOthers: Whether the file may hold more, such as heads that evaluation does not need.
  /// - Throws: `CheckpointError.otherNetwork` naming the first tensor that differs; nothing is changed then.
  func load(_ file: SafetensorsFile, allowingOthers: Bool = false) throws {
    let statistics = batchNorms.flatMap { batchNorm in
      [batchNorm.runningMeanName, batchNorm.runningVarianceName].map { ($0, [batchNorm.channels]) }
    }
    try file.match(
      parameters.map { ($0.name, $0.shape) } + statistics, allowingOthers: allowingOthers)
    for parameter in parameters { parameter.array = try file.floats(parameter.name) }
    for batchNorm in batchNorms {
      batchNorm.runningMean = try file.floats(batchNorm.runningMeanName)
      batchNorm.runningVariance = try file.floats(batchNorm.runningVarianceName)
    }
  }
}

extension BatchNorm {
  fileprivate var runningMeanName: String { "\(name).running_mean" }
  fileprivate var runningVarianceName: String { "\(name).running_var" }
}

extension SafetensorsFile {
  /// Checks that the file holds what a network needs, by name and shape.
  ///
  /// - Parameters:
  ///   - expected: The network's tensors; the first that differs is reported.
  ///   - allowingOthers: Whether the file may hold more.
  /// - Throws: `CheckpointError.otherNetwork` with both shapes.
  func match(
    _ expected: [(name: String, shape: [Int])], allowingOthers: Bool = false
  ) throws(CheckpointError) {
    for (name, shape) in expected {
      let found = self.shape(of: name)
      guard found == shape else {
        throw .otherNetwork(path: path, tensor: name, expected: shape, found: found)
      }
    }
    guard !allowingOthers else { return }
    let known = Set(expected.map { ByteName($0.name) })
    if let other = names.first(where: { !known.contains(ByteName($0)) }) {
      throw .otherNetwork(path: path, tensor: other, expected: nil, found: shape(of: other))
    }
  }
}
