import Layers

extension Blueprint {
  /// A residual network; names are torchvision's (contract C8), as is the stride of a bottleneck in its second
  /// convolution. The gate of a basic block is `layerN.M.gate`, those of a bottleneck are `gate1` and `gate2` after the
  /// convolutions whose outputs they switch.
  init(_ configuration: ResNetConfiguration) {
    inputSize = configuration.inputSize
    featureCount = configuration.featureCount
    poolsStem = configuration.stem == .imagenet
    stem = Site(
      name: "conv1", batchNorm: "bn1",
      shape: ConvolutionShape(
        rows: 1, inChannels: 3, height: inputSize, width: inputSize, outChannels: configuration.width,
        kernelSize: poolsStem ? 7 : 3, stride: poolsStem ? 2 : 1,
        padding: poolsStem ? 3 : configuration.stemPadding),
      takesImages: true)
    var builder = ResidualBuilder(
      configuration, channels: stem.shape.outChannels,
      size: poolsStem ? MaxPool.outputSize(stem.shape.outHeight) : stem.shape.outHeight)
    for (stage, count) in configuration.stages.enumerated() {
      for number in 0..<count {
        builder.addBlock(
          "layer\(stage + 1).\(number)", width: configuration.width << stage,
          stride: stage > 0 && number == 0 ? 2 : 1)
      }
    }
    (blocks, gates) = (builder.blocks, builder.gates)
  }
}

/// Adds block after block, each to the output of the one before.
struct ResidualBuilder {
  private let configuration: ResNetConfiguration
  private(set) var blocks: [Blueprint.Block] = []
  private(set) var gates: [Blueprint.GateSite] = []
  /// Of the map that the next convolution takes.
  private var channels: Int
  private var size: Int

  init(_ configuration: ResNetConfiguration, channels: Int, size: Int) {
    self.configuration = configuration
    self.channels = channels
    self.size = size
  }

  /// - Parameter width: Inner channels.
  mutating func addBlock(_ name: String, width: Int, stride: Int) {
    let (inChannels, inSize, firstGate) = (channels, size, gates.count)
    let outChannels = width * configuration.block.expansion
    // Of each convolution: kernel, output channels, stride.
    let layers =
      switch configuration.block {
      case .basic: [(3, width, stride), (3, outChannels, 1)]
      case .bottleneck: [(1, width, 1), (3, width, stride), (1, outChannels, 1)]
      }
    var path: [Blueprint.Site] = []
    for (index, (kernel, outChannels, stride)) in layers.enumerated() {
      let isLast = index == layers.count - 1
      var site = site(
        "\(name).conv\(index + 1)", "\(name).bn\(index + 1)", outChannels, kernel: kernel, stride: stride)
      site.gateBefore = path.last?.gateBehind
      if configuration.gated, !isLast {
        site.gateBehind = gates.count
        gates.append(
          .init(
            name: layers.count == 2 ? "\(name).gate" : "\(name).gate\(index + 1)", inChannels: channels,
            channels: outChannels))
      }
      site.startsAtZero = isLast && configuration.zeroInitResidual
      path.append(site)
      (channels, size) = (outChannels, site.shape.outHeight)
    }
    let output = (channels, size)
    (channels, size) = (inChannels, inSize)
    let shortcut =
      stride == 1 && inChannels == outChannels
      ? nil
      : site("\(name).downsample.0", "\(name).downsample.1", outChannels, kernel: 1, stride: stride)
    (channels, size) = output
    blocks.append(.init(name: name, path: path, shortcut: shortcut, gates: firstGate..<gates.count))
  }

  /// A convolution of the present map.
  private func site(
    _ name: String, _ batchNorm: String, _ outChannels: Int, kernel: Int, stride: Int
  ) -> Blueprint.Site {
    Blueprint.Site(
      name: name, batchNorm: batchNorm,
      shape: ConvolutionShape(
        rows: 1, inChannels: channels, height: size, width: size, outChannels: outChannels,
        kernelSize: kernel,
        stride: stride, padding: kernel / 2))
  }
}
