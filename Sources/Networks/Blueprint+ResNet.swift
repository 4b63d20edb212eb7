import Layers

extension Blueprint {
  /// A residual network; names are torchvision's (contract C8), as is the stride of a bottleneck in its second
  /// convolution. The gate of a basic block is `layerN.M.gate`, those of a bottleneck are `gate1` and `gate2` after the
  /// convolutions whose outputs they switch.
  init(_ configuration: ResNetConfiguration) {
    inputSize = configuration.inputSize
    featureCount = configuration.featureCount
    let isLarge = configuration.stem == .imagenet
    stem = Site(
      .init(
        name: "conv1", batchNorm: "bn1", kernelSize: isLarge ? 7 : 3, channels: configuration.width,
        stride: isLarge ? 2 : 1),
      inChannels: 3, size: inputSize, padding: isLarge ? 3 : configuration.stemPadding, takesImages: true)
    stemPool = isLarge ? .overlapping : nil
    var builder = BlockBuilder(behind: stem, stemPool, innerChannels: configuration.innerChannels)
    for (stage, count) in configuration.stages.enumerated() {
      for number in 0..<count {
        configuration.addBlock(
          "layer\(stage + 1).\(number)", width: configuration.width << stage,
          stride: stage > 0 && number == 0 ? 2 : 1, to: &builder)
      }
    }
    (blocks, gates) = (builder.blocks, builder.gates)
  }
}

extension ResNetConfiguration {
  /// - Parameter width: Inner channels.
  func addBlock(_ name: String, width: Int, stride: Int, to builder: inout BlockBuilder) {
    let outChannels = width * block.expansion
    // Of each convolution: kernel, output channels, stride.
    let sizes =
      switch block {
      case .basic: [(3, width, stride), (3, outChannels, 1)]
      case .bottleneck: [(1, width, 1), (3, width, stride), (1, outChannels, 1)]
      }
    let layers = sizes.enumerated().map { index, size in
      let (kernelSize, channels, stride) = size
      let isLast = index == sizes.count - 1
      return BlockBuilder.Layer(
        name: "\(name).conv\(index + 1)", batchNorm: "\(name).bn\(index + 1)", kernelSize: kernelSize,
        channels: channels, stride: stride,
        gate: !gated || isLast ? nil : sizes.count == 2 ? "\(name).gate" : "\(name).gate\(index + 1)",
        startsAtZero: isLast && zeroInitResidual)
    }
    let changesSize = stride != 1 || builder.channels != outChannels
    let projection = BlockBuilder.Layer(
      name: "\(name).downsample.0", batchNorm: "\(name).downsample.1", kernelSize: 1, channels: outChannels,
      stride: stride)
    builder.add(
      name, layers, shortcut: changesSize ? .projection(builder.site(projection)) : .identity)
  }
}
