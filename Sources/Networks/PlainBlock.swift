import Layers
import Tensors

/// Convolutions one after the other without a shortcut, and max-pooling at the end: a stage of a VGG. Gates switch the
/// output channels of all but the last on and off.
///
/// yᵢ = ReLU(BNᵢ(convᵢ yᵢ₋₁)) ⊙ mᵢ with y₀ = x; out = pool(yₙ). mᵢ is decided from the means of yᵢ₋₁; where there is no
/// gate, as behind the last, it is 1. Gates of neighbours share a convolution, as those of a `Bottleneck` do: what is
/// said there of their gradients holds here.
public final class PlainBlock: BackboneBlock {
  public struct Layer {
    public let convolution: Convolution
    public let batchNorm: BatchNorm
    /// Of the output channels.
    public let gate: ChannelGate?
  }

  public let name: String
  /// In the order of the forward pass, at least one.
  public let layers: [Layer]
  private let pool: MaxPool?

  init(_ parts: BlockParts) {
    name = parts.block.name
    pool = parts.block.pool
    layers = parts.block.path.indices.map { index in
      let (convolution, batchNorm) = parts.layers(index)
      return Layer(convolution: convolution, batchNorm: batchNorm, gate: parts.gate(index))
    }
    precondition(layers[layers.count - 1].gate == nil, "\(name): the last convolution has a gate")
  }

  public var parameters: [Parameter] {
    layers.flatMap { ($0.gate?.parameters ?? []) + [$0.convolution.weight] + $0.batchNorm.parameters }
  }

  public var batchNorms: [BatchNorm] {
    layers.flatMap { [$0.gate?.batchNorm, $0.batchNorm].compactMap { $0 } }
  }

  public var gates: [ChannelGate] { layers.compactMap(\.gate) }

  public var convolutions: [Convolution] { layers.map(\.convolution) }

  private struct Saved {
    /// Of a layer that is not the last.
    struct Inner {
      let convolution: Tensor
      let statistics: BatchNorm.Statistics
      let mask: Tensor?
    }
    let x: Tensor
    let inner: [Inner]
    let last: BatchNorm.PooledActivation
  }

  public func forward(_ x: PooledMap, in pass: Pass) throws -> (output: PooledMap, gates: [GateRecord]) {
    guard pass.isTraining else { return try evaluate(x, in: pass) }
    var (input, means) = (ConvolutionInput(x.map), x.means)
    var inner: [Saved.Inner] = []
    var records: [GateRecord] = []
    for (layer, next) in zip(layers, layers.dropFirst()) {
      let record = try pass.timed(.gate) { try layer.gate?.forward(means, in: pass) }
      if let record { records.append(record) }
      let y = try layer.convolution.forward(input, in: pass)
      let statistics = try layer.batchNorm.statistics(of: y, in: pass)
      inner.append(.init(convolution: y, statistics: statistics, mask: record?.mask))
      if next.gate == nil {
        input = layer.batchNorm.reluInput(y, statistics, mask: record?.mask, in: pass)
      } else {
        // The gate sees the whole map before its convolution begins, so it is made once for both. It is not kept.
        let pooled = try layer.batchNorm.normalizeAndPool(y, statistics, mask: record?.mask, in: pass)
        (input, means) = (ConvolutionInput(pooled.map), pooled.means)
      }
    }
    let last = layers[layers.count - 1]
    let (output, activation) = try last.batchNorm.activate(
      try last.convolution.forward(input, in: pass), pool: pool, in: pass)
    pass.push(Saved(x: x.map, inner: inner, last: activation))
    return (output, records)
  }

  /// The same with as much at a time as kernels can do.
  private func evaluate(_ x: PooledMap, in pass: Pass) throws -> (output: PooledMap, gates: [GateRecord]) {
    var (input, means) = (ConvolutionInput(x.map), x.means)
    var records: [GateRecord] = []
    for (layer, next) in zip(layers, layers.dropFirst()) {
      let record = try pass.timed(.gate) { try layer.gate?.forward(means, in: pass) }
      if let record { records.append(record) }
      input = try layer.convolution.activate(
        input, by: layer.batchNorm, mask: record?.mask, for: next.convolution, in: pass)
      if next.gate != nil { means = try input.means(in: pass) }
    }
    let last = layers[layers.count - 1]
    let (output, _) = try last.batchNorm.activate(
      try last.convolution.forward(input, in: pass), pool: pool, in: pass)
    return (output, records)
  }

  public func backward(
    _ doutput: MapGradient, maskGradients: [MaskGradient] = [], in pass: Pass
  ) throws -> MapGradient {
    let saved = pass.pop(Saved.self)
    func input(ofLayer index: Int) -> ConvolutionInput {
      guard index > 0 else { return ConvolutionInput(saved.x) }
      let before = saved.inner[index - 1]
      return layers[index - 1].batchNorm.reluInput(
        before.convolution, before.statistics, mask: before.mask, in: pass)
    }
    let last = layers.count - 1
    let dlast = try layers[last].batchNorm.backward(doutput, through: saved.last, in: pass)
    var dx = try layers[last].convolution.backward(dlast, input: input(ofLayer: last), in: pass)!
    // Of the means of what `dx` is the gradient of: the gate behind decided from them.
    var dmeans: Tensor?
    for index in (0..<last).reversed() {
      let (layer, saved) = (layers[index], saved.inner[index])
      if let dmeans { try dx.addGradient(ofMeans: dmeans, in: pass) }
      let (dy, dmask) = try layer.batchNorm.backward(
        dx, input: saved.convolution, saved.statistics, relu: true, mask: saved.mask,
        needsMaskGradient: layer.gate != nil, into: dx, in: pass)
      dx = try layer.convolution.backward(dy, input: input(ofLayer: index), in: pass)!
      dmeans = try dmask.flatMap { try layer.gate?.backward($0, maskGradients: maskGradients, in: pass) }
    }
    return MapGradient(dx, means: dmeans)
  }
}
