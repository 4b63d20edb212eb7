import Layers
import Tensors

/// A network without classifier: a stem, blocks one after the other, and the means over pixels of the last map. ResNets
/// and VGGs are such.
///
/// Names and layouts of parameters are torchvision's (contract C8); see `Blueprint` for those of gates.
public final class StackedBackbone: Backbone {
  public let blueprint: Blueprint
  public let stem: Convolution
  public let stemBatchNorm: BatchNorm
  public let blocks: [any BackboneBlock]

  public init(_ configuration: any BackboneConfiguration) {
    blueprint = configuration.blueprint
    stem = Convolution(blueprint.stem, kernels: configuration.kernels)
    stemBatchNorm = BatchNorm(blueprint.stem.batchNorm, channels: blueprint.stem.shape.outChannels)
    blocks = blueprint.blocks.map { [blueprint] block in
      let parts = BlockParts(
        block: block, gates: blueprint.gates, gateRule: configuration.gateRule,
        kernels: configuration.kernels)
      return switch (block.shortcut, block.path.count) {
      case (.none, _): PlainBlock(parts)
      case (_, 2): BasicBlock(parts)
      default: Bottleneck(parts)
      }
    }
  }

  public var parameters: [Parameter] {
    [stem.weight] + stemBatchNorm.parameters + blocks.flatMap(\.parameters)
  }

  public var batchNorms: [BatchNorm] { [stemBatchNorm] + blocks.flatMap(\.batchNorms) }

  public var gates: [ChannelGate] { blocks.flatMap(\.gates) }

  public var convolutions: [Convolution] { [stem] + blocks.flatMap(\.convolutions) }

  private struct Saved {
    let images: Tensor
    let stem: BatchNorm.PooledActivation
  }

  public func forward(
    _ images: Tensor, in pass: Pass, observe: (_ block: Int, _ means: Tensor) -> Void
  ) throws -> (features: Tensor, gates: [GateRecord]) {
    var y: PooledMap
    let activation: BatchNorm.PooledActivation
    (y, activation) = try stemBatchNorm.activate(
      try stem.forward(images, in: pass), pool: blueprint.stemPool, in: pass)
    pass.push(Saved(images: images, stem: activation))
    var records: [GateRecord] = []
    for (number, block) in blocks.enumerated() {
      y = try pass.recomputable(y) { x in
        let (output, gates) = try block.forward(x, in: pass)
        records += gates
        return output
      }
      observe(number, y.means)
    }
    return (y.means, records)
  }

  public func backward(
    _ dfeatures: Tensor, maskGradients: [MaskGradient] = [], in pass: Pass
  ) throws {
    var dy = MapGradient(means: dfeatures)
    for block in blocks.reversed() {
      try pass.recompute { try block.forward($0, in: pass).output }
      dy = try block.backward(dy, maskGradients: maskGradients, in: pass)
    }
    let saved = pass.pop(Saved.self)
    let dx = try stemBatchNorm.backward(dy, through: saved.stem, in: pass)
    _ = try stem.backward(dx, input: saved.images, needsInputGradient: false, in: pass)
  }
}
