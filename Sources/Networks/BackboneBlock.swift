import Layers
import Tensors

/// A block of a network: convolutions with gates between them, perhaps a shortcut around them.
public protocol BackboneBlock: AnyObject {
  /// For example `layer2.0`.
  var name: String { get }
  /// In the order of the forward pass; backward completes their gradients from the end.
  var parameters: [Parameter] { get }
  var batchNorms: [BatchNorm] { get }
  /// In the order of the path.
  var gates: [ChannelGate] { get }
  /// In the order of the block's sites.
  var convolutions: [Convolution] { get }

  /// - Parameter x: Blocked, `[rows, in, H, W]`.
  /// - Returns: Blocked, `[rows, out, H', W']`, and what each gate decided.
  func forward(_ x: PooledMap, in pass: Pass) throws -> (output: PooledMap, gates: [GateRecord])

  /// ∂L/∂x; sets the gradients of all parameters.
  ///
  /// - Parameter maskGradients: What budget and bound losses add to the gradient of each mask, by gate of the network;
  ///   empty: nothing.
  func backward(
    _ doutput: MapGradient, maskGradients: [MaskGradient], in pass: Pass
  ) throws -> MapGradient
}

/// What a block is made from.
struct BlockParts {
  let block: Blueprint.Block
  /// Of the network.
  let gates: [Blueprint.GateSite]
  let gateRule: GateRule
  let kernels: ConvolutionKernels

  /// The layers at a place of the path.
  func layers(_ index: Int) -> (Convolution, BatchNorm) { layers(block.path[index]) }

  /// The layers of the shortcut, where it changes size.
  var shortcut: (convolution: Convolution, batchNorm: BatchNorm)? { block.projection.map(layers) }

  /// The gate behind a place of the path.
  func gate(_ index: Int) -> ChannelGate? {
    block.path[index].gateBehind.map { number in
      let site = gates[number]
      return ChannelGate(
        site.name, index: number, inChannels: site.inChannels, hidden: site.hidden,
        outChannels: site.channels, rule: gateRule)
    }
  }

  private func layers(_ site: Blueprint.Site) -> (Convolution, BatchNorm) {
    (
      Convolution(site, kernels: kernels),
      BatchNorm(site.batchNorm, channels: site.shape.outChannels)
    )
  }
}

extension Convolution {
  convenience init(_ site: Blueprint.Site, kernels: ConvolutionKernels) {
    self.init(
      site.name, inChannels: site.shape.inChannels, outChannels: site.shape.outChannels,
      kernelSize: site.shape.kernelSize, stride: site.shape.stride, padding: site.shape.padding,
      kernels: kernels)
  }
}

extension BatchNorm.Shortcut {
  /// What a block's projection makes of its input.
  init(_ projection: (convolution: Convolution, batchNorm: BatchNorm), of x: Tensor, in pass: Pass) throws {
    let input = try projection.convolution.forward(x, in: pass)
    self.init(
      batchNorm: projection.batchNorm, input: input,
      statistics: try projection.batchNorm.statistics(of: input, in: pass))
  }
}

extension ChannelGate {
  /// ∂L/∂context from ∂L/∂mask and, among those of the whole network, what losses add to it directly.
  func backward(
    _ dmask: Tensor, maskGradients: [MaskGradient], in pass: Pass
  ) throws -> Tensor {
    try pass.timed(.gate) {
      try backward(dmask, adding: maskGradients.isEmpty ? nil : maskGradients[index], in: pass)
    }
  }
}
