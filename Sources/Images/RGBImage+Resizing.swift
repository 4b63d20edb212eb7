extension RGBImage {
  /// The part of the picture inside `box`, resized to `width`×`height` with antialiasing.
  ///
  /// Source: torchvision's `resized_crop` on Pillow pictures, bit for bit: the box is cut out first, so that
  /// pixels outside never weigh in; then Pillow's two fixed-point passes, along rows and along columns, each
  /// rounded to 8 bits.
  public func resizedCrop(
    _ box: CropBox, width: Int, height: Int, interpolation: Interpolation
  ) -> RGBImage {
    precondition(box.lies(inWidth: self.width, height: self.height), "\(box) leaves the picture")
    precondition(width > 0 && height > 0)
    let columns = ResamplingWeights(source: box.width, size: width, interpolation: interpolation)
    let rows = ResamplingWeights(source: box.height, size: height, interpolation: interpolation)
    let result = [UInt8](unsafeUninitializedCapacity: 3 * width * height) { result, initialized in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 3 * width * box.height) { narrow in
        pixels.withUnsafeBufferPointer { source in
          for y in 0..<box.height {
            let start = 3 * ((box.top + y) * self.width + box.left)
            Self.resampleRow(
              UnsafeBufferPointer(rebasing: source[start..<start + 3 * box.width]),
              into: UnsafeMutableBufferPointer(rebasing: narrow[3 * width * y..<3 * width * (y + 1)]),
              columns)
          }
        }
        Self.resampleColumns(UnsafeBufferPointer(narrow), rowBytes: 3 * width, into: result, rows)
      }
      initialized = 3 * width * height
    }
    return RGBImage(width: width, height: height, pixels: result)
  }

  /// The picture as evaluation sees it: its shorter side resized to `shorterSide`, the `side`×`side` pixels
  /// in its middle cut out.
  ///
  /// Source: torchvision's `Resize` and `CenterCrop` (bicubic where `interpolation` says so).
  public func evaluationCrop(
    shorterSide: Int, side: Int, interpolation: Interpolation = .bicubic
  ) -> RGBImage {
    precondition(side > 0 && side <= shorterSide, "a crop of \(side) from a side of \(shorterSide)")
    let resized = resizedCrop(
      bounds,
      width: width <= height ? shorterSide : shorterSide * width / height,
      height: height <= width ? shorterSide : shorterSide * height / width,
      interpolation: interpolation)
    // Python's round takes halves to the even neighbour.
    let top = Int((Double(resized.height - side) / 2).rounded(.toNearestOrEven))
    let left = Int((Double(resized.width - side) / 2).rounded(.toNearestOrEven))
    var crop: [UInt8] = []
    crop.reserveCapacity(3 * side * side)
    for y in top..<top + side {
      let start = 3 * (y * resized.width + left)
      crop += resized.pixels[start..<start + 3 * side]
    }
    return RGBImage(width: side, height: side, pixels: crop)
  }

  private static func resampleRow(
    _ source: UnsafeBufferPointer<UInt8>, into result: UnsafeMutableBufferPointer<UInt8>,
    _ weights: ResamplingWeights
  ) {
    let half = Int32(1) << (ResamplingWeights.precisionBits - 1)
    weights.values.withUnsafeBufferPointer { values in
      for x in 0..<weights.first.count {
        var red = half
        var green = half
        var blue = half
        var at = 3 * weights.first[x]
        for k in x * weights.taps..<x * weights.taps + weights.counts[x] {
          red &+= Int32(source[at]) &* values[k]
          green &+= Int32(source[at + 1]) &* values[k]
          blue &+= Int32(source[at + 2]) &* values[k]
          at += 3
        }
        result[3 * x] = byte(red)
        result[3 * x + 1] = byte(green)
        result[3 * x + 2] = byte(blue)
      }
    }
  }

  private static func resampleColumns(
    _ source: UnsafeBufferPointer<UInt8>, rowBytes: Int,
    into result: UnsafeMutableBufferPointer<UInt8>, _ weights: ResamplingWeights
  ) {
    let half = Int32(1) << (ResamplingWeights.precisionBits - 1)
    // One row of sums at a time: its inner loops run over neighbouring bytes and become vector code.
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: rowBytes) { sums in
      for y in 0..<weights.first.count {
        sums.update(repeating: half)
        for k in 0..<weights.counts[y] {
          let weight = weights.values[y * weights.taps + k]
          let row = source.baseAddress! + (weights.first[y] + k) * rowBytes
          for i in 0..<rowBytes { sums[i] &+= Int32(row[i]) &* weight }
        }
        let row = result.baseAddress! + y * rowBytes
        for i in 0..<rowBytes { row[i] = byte(sums[i]) }
      }
    }
  }

  /// A fixed-point sum as a byte, clipped.
  @inline(__always)
  private static func byte(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, sum >> ResamplingWeights.precisionBits)))
  }
}
