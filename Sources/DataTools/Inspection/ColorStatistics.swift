import Images

/// Mean and standard deviation of colours over pixels, as shares of full brightness. Sums are whole numbers, so no
/// order of addition changes a bit.
public struct ColorStatistics: Equatable, Sendable {
  /// Of pixels' bytes: three sums, three sums of squares, and the number of pixels.
  private(set) var sums: [Int64]

  init(sums: [Int64] = [Int64](repeating: 0, count: 7)) { self.sums = sums }

  init(_ image: RGBImage) {
    var counts = [Int64](repeating: 0, count: 3 * 256)
    for (place, byte) in image.pixels.enumerated() { counts[place % 3 * 256 + Int(byte)] += 1 }
    sums = [Int64](repeating: 0, count: 7)
    for channel in 0..<3 {
      for byte in 0..<256 {
        let count = counts[channel * 256 + byte]
        sums[channel] += count * Int64(byte)
        sums[3 + channel] += count * Int64(byte * byte)
      }
    }
    sums[6] = Int64(image.width * image.height)
  }

  mutating func add(_ other: ColorStatistics) {
    for place in sums.indices { sums[place] += other.sums[place] }
  }

  /// Red, green, blue; nil without a pixel.
  public var mean: [Double]? {
    sums[6] == 0 ? nil : (0..<3).map { Double(sums[$0]) / Double(sums[6]) / 255 }
  }

  /// Red, green, blue; divided by the number of pixels. nil without a pixel.
  public var deviation: [Double]? {
    mean.map { mean in
      (0..<3).map { channel in
        let square = Double(sums[3 + channel]) / Double(sums[6]) / (255 * 255)
        return max(0, square - mean[channel] * mean[channel]).squareRoot()
      }
    }
  }
}
