import Layers

extension Blueprint {
  /// A VGG; names are those of torchvision's `vgg16_bn` and its like (contract C8). torchvision's convolutions also have
  /// biases: the batch norm behind each takes them out again, so there are none here.
  ///
  /// The first convolution is the stem, and what is left of each stage a block. A gate stands behind every convolution of
  /// a block but the last, and sees what its convolution sees. So all channels of the stem, of pooled maps and of features
  /// are computed.
  init(_ configuration: VGGConfiguration) {
    inputSize = configuration.inputSize
    featureCount = configuration.channels(ofStage: configuration.stages.count - 1)
    var stages = configuration.layers
    stem = Site(stages[0].removeFirst(), inChannels: 3, size: inputSize, takesImages: true)
    stemPool = stages[0].isEmpty ? .sideBySide : nil
    var builder = BlockBuilder(behind: stem, stemPool, innerChannels: configuration.innerChannels)
    for (stage, layers) in stages.enumerated() where !layers.isEmpty {
      builder.add("stage\(stage + 1)", layers, shortcut: .none, pool: .sideBySide)
    }
    (blocks, gates) = (builder.blocks, builder.gates)
  }
}

extension VGGConfiguration {
  /// The convolutions of every stage, numbered as the modules of torchvision's `features`: three a convolution with batch
  /// norm and ReLU, one a max-pool.
  fileprivate var layers: [[BlockBuilder.Layer]] {
    var module = 0
    return stages.enumerated().map { stage, count in
      defer { module += 1 }
      return (1...count).map { number in
        defer { module += 3 }
        let name = "features.\(module)"
        return BlockBuilder.Layer(
          name: name, batchNorm: "features.\(module + 1)", kernelSize: 3, channels: channels(ofStage: stage),
          gate: gated && number < count ? "\(name).gate" : nil)
      }
    }
  }
}
