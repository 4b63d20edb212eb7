import Layers
import Tensors

/// A ResNet basic block whose first convolution's output channels a gate switches on and off [K].
///
/// y = ReLU(BN₁(conv₁ x)) ⊙ m; out = ReLU(BN₂(conv₂ y) + shortcut(x)). Without a gate m is 1.
public final class BasicBlock: BackboneBlock {
  public let name: String
  public let conv1: Convolution
  public let conv2: Convolution
  public let bn1: BatchNorm
  public let bn2: BatchNorm
  /// 1×1 convolution and batch norm of the shortcut, where stride or width change.
  public let downsample: (convolution: Convolution, batchNorm: BatchNorm)?
  public let gate: ChannelGate?

  init(_ parts: BlockParts) {
    name = parts.block.name
    (conv1, bn1) = parts.layers(0)
    (conv2, bn2) = parts.layers(1)
    downsample = parts.shortcut
    gate = parts.gate(0)
  }

  public var parameters: [Parameter] {
    var all = gate?.parameters ?? []
    all += [conv1.weight] + bn1.parameters + [conv2.weight] + bn2.parameters
    if let downsample { all += [downsample.convolution.weight] + downsample.batchNorm.parameters }
    return all
  }

  public var batchNorms: [BatchNorm] {
    [gate?.batchNorm, bn1, bn2, downsample?.batchNorm].compactMap { $0 }
  }

  public var gates: [ChannelGate] { [gate].compactMap { $0 } }

  public var convolutions: [Convolution] { [conv1, conv2, downsample?.convolution].compactMap { $0 } }

  private struct Saved {
    let x: Tensor
    let mask: Tensor?
    let conv1: Tensor
    let statistics1: BatchNorm.Statistics
    let conv2: Tensor
    let statistics2: BatchNorm.Statistics
    let shortcut: BatchNorm.Shortcut?
    let output: Tensor
  }

  public func forward(_ x: PooledMap, in pass: Pass) throws -> (output: PooledMap, gates: [GateRecord]) {
    let record = try pass.timed(.gate) { try gate?.forward(x.means, in: pass) }
    let mask = record?.mask
    guard pass.isTraining else {
      return (try evaluate(x.map, mask: mask, in: pass), [record].compactMap { $0 })
    }
    let x1 = try conv1.forward(x.map, in: pass)
    let statistics1 = try bn1.statistics(of: x1, in: pass)
    let y = bn1.reluInput(x1, statistics1, mask: mask, in: pass)
    let x2 = try conv2.forward(y, in: pass)
    let statistics2 = try bn2.statistics(of: x2, in: pass)
    let shortcut = try downsample.map { try BatchNorm.Shortcut($0, of: x.map, in: pass) }
    let output = try bn2.normalize(
      x2, statistics2, adding: shortcut?.input ?? x.map, normalizedBy: shortcut?.statistics, in: pass)
    pass.push(
      Saved(
        x: x.map, mask: mask, conv1: x1, statistics1: statistics1, conv2: x2, statistics2: statistics2,
        shortcut: shortcut, output: output.map))
    return (output, [record].compactMap { $0 })
  }

  /// The same with as much at a time as kernels can do.
  private func evaluate(_ x: Tensor, mask: Tensor?, in pass: Pass) throws -> PooledMap {
    let y = try conv1.activate(ConvolutionInput(x), by: bn1, mask: mask, for: conv2, in: pass)
    let shortcut = try downsample.map { try BatchNorm.Shortcut($0, of: x, in: pass) }
    return try conv2.activate(y, by: bn2, adding: x, or: shortcut, in: pass)
  }

  public func backward(
    _ doutput: MapGradient, maskGradients: [MaskGradient] = [], in pass: Pass
  ) throws -> MapGradient {
    let saved = pass.pop(Saved.self)
    let sum = try bn2.residualBackward(
      doutput, output: saved.output, input: saved.conv2, saved.statistics2, shortcut: saved.shortcut, in: pass
    )
    // Parameters' gradients are completed from the last to the first: the shortcut's before bn2's.
    try sum.shortcut?.set(in: pass)
    let dshortcut =
      try downsample?.convolution.backward(sum.dshortcut, input: saved.x, in: pass) ?? sum.dshortcut
    try sum.own.set(in: pass)
    let y = bn1.reluInput(saved.conv1, saved.statistics1, mask: saved.mask, in: pass)
    let dy = try conv2.backward(sum.dx, input: y, in: pass)!
    let (dx1, dmask) = try bn1.backward(
      dy, input: saved.conv1, saved.statistics1, relu: true, mask: saved.mask, needsMaskGradient: gate != nil,
      into: dy, in: pass)
    let dx = try conv1.backward(dx1, input: saved.x, in: pass)!
    let dmeans = try dmask.flatMap { try gate?.backward($0, maskGradients: maskGradients, in: pass) }
    return MapGradient(dx, dshortcut, means: dmeans)
  }
}
