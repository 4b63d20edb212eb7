import Layers
import Tensors

/// A ResNet-18 without classifier: images `[rows, 3, H, W]` (NCHW) to features `[rows, 8·width]`.
///
/// Names and layouts of parameters are torchvision's (contract C8); gates are under `layerN.M.gate`.
public final class ResNet {
  public let configuration: ResNetConfiguration
  public let stem: Convolution
  public let stemBatchNorm: BatchNorm
  public let blocks: [BasicBlock]

  public init(_ configuration: ResNetConfiguration) {
    self.configuration = configuration
    let imagenet = configuration.stem == .imagenet
    stem = Convolution(
      "conv1", inChannels: 3, outChannels: configuration.width, kernelSize: imagenet ? 7 : 3,
      stride: imagenet ? 2 : 1, padding: imagenet ? 3 : configuration.stemPadding,
      kernels: configuration.kernels)
    stemBatchNorm = BatchNorm("bn1", channels: configuration.width)
    var blocks: [BasicBlock] = []
    var inChannels = configuration.width
    for (stage, count) in ResNetConfiguration.blocksPerStage.enumerated() {
      let outChannels = configuration.width << stage
      for number in 0..<count {
        blocks.append(
          BasicBlock(
            "layer\(stage + 1).\(number)", inChannels: inChannels, outChannels: outChannels,
            stride: stage > 0 && number == 0 ? 2 : 1, gateIndex: configuration.gated ? blocks.count : nil,
            gateTemperature: configuration.gateTemperature, kernels: configuration.kernels))
        inChannels = outChannels
      }
    }
    self.blocks = blocks
  }

  /// In the order of the forward pass.
  public var parameters: [Parameter] {
    [stem.weight] + stemBatchNorm.parameters + blocks.flatMap(\.parameters)
  }

  public var batchNorms: [BatchNorm] { [stemBatchNorm] + blocks.flatMap(\.batchNorms) }

  private struct Saved {
    let images: Tensor
    let stem: Tensor
    let statistics: BatchNorm.Statistics
    let pooled: MaxPool.Output?
  }

  public func forward(_ images: Tensor, in pass: Pass) throws -> Tensor {
    let x = try stem.forward(images, in: pass)
    let statistics = try stemBatchNorm.statistics(of: x, in: pass)
    let pooled =
      configuration.stem == .imagenet ? try MaxPool.forward(x, normalizedBy: statistics, in: pass) : nil
    pass.push(Saved(images: images, stem: x, statistics: statistics, pooled: pooled))
    var y = try stemBatchNorm.normalizeAndPool(pooled?.values ?? x, statistics, in: pass)
    for block in blocks { y = try pass.recomputable(y) { try block.forward($0, in: pass) } }
    return y.means
  }

  /// Sets the gradients of all parameters from that of the features.
  public func backward(_ dfeatures: Tensor, in pass: Pass) throws {
    var dy = MapGradient(means: dfeatures)
    for block in blocks.reversed() {
      try pass.recompute { try block.forward($0, in: pass) }
      dy = try block.backward(dy, in: pass)
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
