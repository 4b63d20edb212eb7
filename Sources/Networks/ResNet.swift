import Layers
import Tensors

/// A ResNet without classifier: images `[rows, 3, H, W]` (NCHW) to features `[rows, 8·width]`, of bottlenecks
/// `[rows, 32·width]`.
///
/// Names and layouts of parameters are torchvision's (contract C8); see `Blueprint` for those of gates.
public final class ResNet: Backbone {
  public let blueprint: Blueprint
  public let stem: Convolution
  public let stemBatchNorm: BatchNorm
  public let blocks: [any ResidualBlock]

  public init(_ configuration: ResNetConfiguration) {
    blueprint = Blueprint(configuration)
    stem = Convolution(blueprint.stem, kernels: configuration.kernels)
    stemBatchNorm = BatchNorm(blueprint.stem.batchNorm, channels: blueprint.stem.shape.outChannels)
    blocks = blueprint.blocks.map { [blueprint] block in
      let parts = BlockParts(
        block: block, gates: blueprint.gates, gateTemperature: configuration.gateTemperature,
        kernels: configuration.kernels)
      return switch configuration.block {
      case .basic: BasicBlock(parts)
      case .bottleneck: Bottleneck(parts)
      }
    }
  }

  public var parameters: [Parameter] {
    [stem.weight] + stemBatchNorm.parameters + blocks.flatMap(\.parameters)
  }

  public var batchNorms: [BatchNorm] { [stemBatchNorm] + blocks.flatMap(\.batchNorms) }

  public var convolutions: [Convolution] { [stem] + blocks.flatMap(\.convolutions) }

  private struct Saved {
    let images: Tensor
    let stem: Tensor
    let statistics: BatchNorm.Statistics
    let pooled: MaxPool.Output?
  }

  public func forward(
    _ images: Tensor, in pass: Pass, observe: (_ block: Int, _ means: Tensor) -> Void
  ) throws -> (features: Tensor, gates: [GateRecord]) {
    let x = try stem.forward(images, in: pass)
    let statistics = try stemBatchNorm.statistics(of: x, in: pass)
    let pooled = blueprint.poolsStem ? try MaxPool.forward(x, normalizedBy: statistics, in: pass) : nil
    pass.push(Saved(images: images, stem: x, statistics: statistics, pooled: pooled))
    var y = try stemBatchNorm.normalizeAndPool(pooled?.values ?? x, statistics, in: pass)
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
    let (g, derivative) = try stemBatchNorm.reluBackward(
      dy, input: saved.pooled?.values ?? saved.stem, saved.statistics, in: pass)
    let dx =
      try saved.pooled.map { try MaxPool.backward(g, $0, input: saved.stem, derivative, in: pass) }
      ?? derivative.inputGradient(g, input: saved.stem, in: pass)
    _ = try stem.backward(dx, input: saved.images, needsInputGradient: false, in: pass)
  }
}
