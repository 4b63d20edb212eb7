import Layers
import Tensors

/// A ResNet bottleneck in which gates switch the output channels of its first two convolutions on and off [D].
///
/// y₁ = ReLU(BN₁(conv₁ x)) ⊙ m₁, y₂ = ReLU(BN₂(conv₂ y₁)) ⊙ m₂; out = ReLU(BN₃(conv₃ y₂) + shortcut(x)). m₁ is decided
/// from the means of x, m₂ from those of y₁. Without gates both are 1. conv₁ and conv₃ are 1×1, conv₂ is 3×3 and has
/// the stride.
///
/// m₁ reaches the loss in three ways: through conv₂; as y₁'s means through the second gate's decision; and through the
/// budget loss, where it also sets the price of m₂'s channels (see `Budget`). Backward adds the first two up in y₁'s
/// gradient, and the third at the mask.
public final class Bottleneck: BackboneBlock {
  public let name: String
  public let conv1: Convolution
  public let conv2: Convolution
  public let conv3: Convolution
  public let bn1: BatchNorm
  public let bn2: BatchNorm
  public let bn3: BatchNorm
  /// 1×1 convolution and batch norm of the shortcut, where stride or width change.
  public let downsample: (convolution: Convolution, batchNorm: BatchNorm)?
  /// Of conv₁'s output channels.
  public let gate1: ChannelGate?
  /// Of conv₂'s output channels.
  public let gate2: ChannelGate?

  init(_ parts: BlockParts) {
    name = parts.block.name
    (conv1, bn1) = parts.layers(0)
    (conv2, bn2) = parts.layers(1)
    (conv3, bn3) = parts.layers(2)
    downsample = parts.shortcut
    gate1 = parts.gate(0)
    gate2 = parts.gate(1)
  }

  public var parameters: [Parameter] {
    var all = gate1?.parameters ?? []
    all += [conv1.weight] + bn1.parameters
    all += gate2?.parameters ?? []
    all += [conv2.weight] + bn2.parameters + [conv3.weight] + bn3.parameters
    if let downsample { all += [downsample.convolution.weight] + downsample.batchNorm.parameters }
    return all
  }

  public var batchNorms: [BatchNorm] {
    [gate1?.batchNorm, bn1, gate2?.batchNorm, bn2, bn3, downsample?.batchNorm].compactMap { $0 }
  }

  public var gates: [ChannelGate] { [gate1, gate2].compactMap { $0 } }

  public var convolutions: [Convolution] {
    [conv1, conv2, conv3, downsample?.convolution].compactMap { $0 }
  }

  private struct Saved {
    let x: Tensor
    let mask1: Tensor?
    let conv1: Tensor
    let statistics1: BatchNorm.Statistics
    let mask2: Tensor?
    let conv2: Tensor
    let statistics2: BatchNorm.Statistics
    let conv3: Tensor
    let statistics3: BatchNorm.Statistics
    let shortcut: BatchNorm.Shortcut?
    let output: Tensor
  }

  public func forward(_ x: PooledMap, in pass: Pass) throws -> (output: PooledMap, gates: [GateRecord]) {
    guard pass.isTraining else { return try evaluate(x, in: pass) }
    let record1 = try pass.timed(.gate) { try gate1?.forward(x.means, in: pass) }
    let x1 = try conv1.forward(x.map, in: pass)
    let statistics1 = try bn1.statistics(of: x1, in: pass)
    var y1 = bn1.reluInput(x1, statistics1, mask: record1?.mask, in: pass)
    var record2: GateRecord?
    if let gate2 {
      // The gate sees the whole map before conv₂ begins, so it is made once for both. It is not kept.
      let pooled = try bn1.normalizeAndPool(x1, statistics1, mask: record1?.mask, in: pass)
      record2 = try pass.timed(.gate) { try gate2.forward(pooled.means, in: pass) }
      y1 = ConvolutionInput(pooled.map)
    }
    let x2 = try conv2.forward(y1, in: pass)
    let statistics2 = try bn2.statistics(of: x2, in: pass)
    let y2 = bn2.reluInput(x2, statistics2, mask: record2?.mask, in: pass)
    let x3 = try conv3.forward(y2, in: pass)
    let statistics3 = try bn3.statistics(of: x3, in: pass)
    let shortcut = try downsample.map { try BatchNorm.Shortcut($0, of: x.map, in: pass) }
    let output = try bn3.normalize(
      x3, statistics3, adding: shortcut?.input ?? x.map, normalizedBy: shortcut?.statistics, in: pass)
    pass.push(
      Saved(
        x: x.map, mask1: record1?.mask, conv1: x1, statistics1: statistics1, mask2: record2?.mask, conv2: x2,
        statistics2: statistics2, conv3: x3, statistics3: statistics3, shortcut: shortcut, output: output.map)
    )
    return (output, [record1, record2].compactMap { $0 })
  }

  /// The same with as much at a time as kernels can do.
  private func evaluate(_ x: PooledMap, in pass: Pass) throws -> (output: PooledMap, gates: [GateRecord]) {
    let record1 = try pass.timed(.gate) { try gate1?.forward(x.means, in: pass) }
    let y1 = try conv1.activate(
      ConvolutionInput(x.map), by: bn1, mask: record1?.mask, for: conv2, in: pass)
    let record2 = try pass.timed(.gate) { try gate2?.forward(try y1.means(in: pass), in: pass) }
    let y2 = try conv2.activate(y1, by: bn2, mask: record2?.mask, for: conv3, in: pass)
    let shortcut = try downsample.map { try BatchNorm.Shortcut($0, of: x.map, in: pass) }
    let output = try conv3.activate(y2, by: bn3, adding: x.map, or: shortcut, in: pass)
    return (output, [record1, record2].compactMap { $0 })
  }

  public func backward(
    _ doutput: MapGradient, maskGradients: [MaskGradient] = [], in pass: Pass
  ) throws -> MapGradient {
    let saved = pass.pop(Saved.self)
    let sum = try bn3.residualBackward(
      doutput, output: saved.output, input: saved.conv3, saved.statistics3, shortcut: saved.shortcut, in: pass
    )
    // Parameters' gradients are completed from the last to the first: the shortcut's before bn3's.
    try sum.shortcut?.set(in: pass)
    let dshortcut =
      try downsample?.convolution.backward(sum.dshortcut, input: saved.x, in: pass) ?? sum.dshortcut
    try sum.own.set(in: pass)

    let y2 = bn2.reluInput(saved.conv2, saved.statistics2, mask: saved.mask2, in: pass)
    let dy2 = try conv3.backward(sum.dx, input: y2, in: pass)!
    let (dx2, dmask2) = try bn2.backward(
      dy2, input: saved.conv2, saved.statistics2, relu: true, mask: saved.mask2,
      needsMaskGradient: gate2 != nil, into: dy2, in: pass)

    let y1 = bn1.reluInput(saved.conv1, saved.statistics1, mask: saved.mask1, in: pass)
    let dy1 = try conv2.backward(dx2, input: y1, in: pass)!
    if let dmeans = try dmask2.flatMap({ try gate2?.backward($0, maskGradients: maskGradients, in: pass) }) {
      try dy1.addGradient(ofMeans: dmeans, in: pass)
    }
    let (dx1, dmask1) = try bn1.backward(
      dy1, input: saved.conv1, saved.statistics1, relu: true, mask: saved.mask1,
      needsMaskGradient: gate1 != nil, into: dy1, in: pass)
    let dx = try conv1.backward(dx1, input: saved.x, in: pass)!
    let dmeans = try dmask1.flatMap { try gate1?.backward($0, maskGradients: maskGradients, in: pass) }
    return MapGradient(dx, dshortcut, means: dmeans)
  }
}
