import Layers
import Networks

/// A pruned network as a smaller one that computes the same in evaluation: without channels, between the convolutions of
/// a block, that are always 0 or that nothing reads.
///
/// A channel is always 0 where its filter is all zeros and the constant that the batch norm then gives,
/// ReLU(β − γ·μ/√(σ² + ε)), is 0. Where the constant is not 0, it may still be that nothing reads it: no weight of the
/// convolution behind and, where that has a gate which sees what it sees, none of the gate. `ChannelPruning` takes all
/// weights of that convolution but none of the gate, as gates are never pruned. So in blocks with gates one behind the
/// other a channel that was pruned may have to stay.
public struct Compaction {
  /// A group of channels of the whole network, and which of them stay: at least one, in order.
  private let groups: [(group: ChannelGroup, kept: [Int])]
  /// Names of the whole network's gates.
  private let gates: [String]

  /// Finds what can go; weights alone decide, whatever made them zero.
  public init(of backbone: any Backbone) {
    let parameters = Dictionary(uniqueKeysWithValues: backbone.parameters.map { ($0.name, $0) })
    let batchNorms = Dictionary(uniqueKeysWithValues: backbone.batchNorms.map { ($0.name, $0) })
    let gates = backbone.blueprint.gates.map(\.name)
    groups = ChannelGroup.groups(of: backbone.blueprint).map { group in
      let zeros = batchNorms[group.batchNorm]!.constants.map { $0 <= 0 }
      let filters = parameters[group.maker]!.isRead(along: 0)
      let readers = [group.reader] + (group.readingGate.map { [GateTensors.squeeze(gates[$0])] } ?? [])
      let read = readers.map { parameters[$0]!.isRead(along: 1) }
      let kept = (0..<group.channels).filter { channel in
        (filters[channel] || !zeros[channel]) && read.contains { $0[channel] }
      }
      return (group, kept.isEmpty ? [0] : kept)
    }
    self.gates = gates
  }

  /// Those of the smaller network (`BackboneConfiguration.innerChannels`).
  public var innerChannels: [Int] { groups.map(\.kept.count) }

  /// Whether there is a channel that can go.
  public var isSmaller: Bool { groups.contains { $0.kept.count < $0.group.channels } }

  /// Of each gate, the channels that stay.
  public var gateChannels: [[Int]] { groups.filter { $0.group.gate != nil }.map(\.kept) }

  /// Gives the smaller network what stays of the whole one's parameters and running statistics.
  ///
  /// - Parameter compact: Of the same configuration with these `innerChannels`.
  public func copy(_ backbone: any Backbone, into compact: any Backbone) {
    var outputs: [String: [Int]] = [:]
    var inputs: [String: [Int]] = [:]
    for (group, kept) in groups {
      outputs[group.maker] = kept
      outputs[group.batchNorm] = kept
      inputs[group.reader] = kept
      for name in ["weight", "bias"] { outputs["\(group.batchNorm).\(name)"] = kept }
      if let gate = group.gate { outputs[GateTensors.excite(gates[gate])] = kept }
      if let gate = group.readingGate { inputs[GateTensors.squeeze(gates[gate])] = kept }
    }
    for (whole, small) in zip(backbone.parameters, compact.parameters) {
      small.array = whole.values(outputs: outputs[whole.name], inputs: inputs[whole.name])
    }
    for (whole, small) in zip(backbone.batchNorms, compact.batchNorms) {
      let kept = outputs[whole.name] ?? Array(0..<whole.channels)
      small.runningMean = kept.map { whole.runningMean[$0] }
      small.runningVariance = kept.map { whole.runningVariance[$0] }
    }
  }
}

/// What the weights of a gate are called (contract C8).
private enum GateTensors {
  /// That read the means of its input.
  static func squeeze(_ gate: String) -> String { "\(gate).0.weight" }
  /// With a row for each channel that it opens and closes.
  static func excite(_ gate: String) -> String { "\(gate).3.weight" }
}

extension BatchNorm {
  /// What evaluation makes of zeros, channel by channel, before ReLU: β − γ·μ/√(σ² + ε).
  fileprivate var constants: [Double] {
    let (scales, shifts) = (weight!.array, bias!.array)
    return (0..<channels).map { channel in
      let deviation = (Double(runningVariance[channel]) + BatchNorm.epsilon).squareRoot()
      return Double(shifts[channel]) - Double(scales[channel]) * Double(runningMean[channel]) / deviation
    }
  }
}

extension Parameter {
  /// Of a convolution's weights `[out, in, kernel, kernel]`: for each output (axis 0) or input (1), whether any of its
  /// weights is not zero.
  fileprivate func isRead(along axis: Int) -> [Bool] {
    let (inputs, size) = (shape[1], shape[2] * shape[3])
    var isRead = [Bool](repeating: false, count: shape[axis])
    for (index, weight) in array.enumerated() where weight != 0 {
      let pair = index / size
      isRead[axis == 0 ? pair / inputs : pair % inputs] = true
    }
    return isRead
  }

  /// The numbers of some outputs and inputs; nil: all.
  fileprivate func values(outputs: [Int]?, inputs: [Int]?) -> [Float] {
    guard outputs != nil || inputs != nil else { return array }
    let numbers = array
    let columns = shape.count > 1 ? shape[1] : 1
    let size = shape.dropFirst(2).reduce(1, *)
    return (outputs ?? Array(0..<shape[0])).flatMap { output in
      (inputs ?? Array(0..<columns)).flatMap { input in
        let start = (output * columns + input) * size
        return numbers[start..<start + size]
      }
    }
  }
}
