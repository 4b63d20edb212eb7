/// The sizes of a convolution that decide which algorithm is fastest.
public struct ConvolutionShape: Hashable, Sendable, CustomStringConvertible {
  /// Images of a shard, all views: what one call computes.
  public var rows: Int
  public var inChannels: Int
  /// Of the input.
  public var height: Int
  public var width: Int
  public var outChannels: Int
  public var kernelSize: Int
  public var stride: Int
  public var padding: Int

  public init(
    rows: Int, inChannels: Int, height: Int, width: Int, outChannels: Int, kernelSize: Int, stride: Int,
    padding: Int
  ) {
    self.rows = rows
    self.inChannels = inChannels
    self.height = height
    self.width = width
    self.outChannels = outChannels
    self.kernelSize = kernelSize
    self.stride = stride
    self.padding = padding
  }

  /// For example `64×64×32×32 → 64, 3×3/1+1`: rows and map, channels, kernel size / stride + padding.
  public var description: String {
    "\(rows)×\(inChannels)×\(height)×\(width) → \(outChannels), \(kernelSize)×\(kernelSize)/\(stride)+\(padding)"
  }

  public var outHeight: Int { (height + 2 * padding - kernelSize) / stride + 1 }
  public var outWidth: Int { (width + 2 * padding - kernelSize) / stride + 1 }

  /// Multiply-adds of one run as usually counted, with those on padding.
  public var macs: Double {
    Double(rows * outHeight * outWidth) * Double(kernelSize * kernelSize * inChannels * outChannels)
  }

  /// Multiply-adds of one run that do not meet padding, which direct convolutions leave out.
  var macsInside: Double {
    Double(rows * taps(height, outHeight) * taps(width, outWidth)) * Double(inChannels * outChannels)
  }

  /// Pairs of output and kernel positions along one side that meet the input.
  private func taps(_ size: Int, _ outSize: Int) -> Int {
    (0..<outSize).reduce(0) { count, output in
      let first = output * stride - padding
      return count + max(0, min(first + kernelSize, size) - max(first, 0))
    }
  }
}
