import Layers

extension ResNet {
  /// A convolution where it stands in the network.
  public struct PlacedConvolution {
    public let convolution: Convolution
    /// Height and width of its input.
    public let inputSize: Int
    /// Whether it is the first, which takes images in NCHW and needs no gradient of them.
    public let takesImages: Bool
  }

  /// Every convolution but those of gates, in the order of the forward pass.
  ///
  /// - Parameter imageSize: Height and width of the images.
  public func convolutions(imageSize: Int) -> [PlacedConvolution] {
    var all = [PlacedConvolution(convolution: stem, inputSize: imageSize, takesImages: true)]
    var size = stem.outputSize(imageSize)
    if configuration.stem == .imagenet { size = (size - 1) / 2 + 1 }
    for block in blocks {
      func add(_ convolution: Convolution) {
        all.append(PlacedConvolution(convolution: convolution, inputSize: size, takesImages: false))
      }
      add(block.conv1)
      if let downsample = block.downsample { add(downsample.convolution) }
      size = block.conv1.outputSize(size)
      add(block.conv2)
    }
    return all
  }
}
