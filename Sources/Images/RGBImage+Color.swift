/// Pillow's colour operations on 8 bits, in place. Every one rounds as Pillow's does.
extension RGBImage {
  /// Multiplies every value by `factor`: 0 is black, 1 changes nothing.
  ///
  /// Source: Pillow's `ImageEnhance.Brightness`.
  public mutating func adjustBrightness(by factor: Float) {
    blend(from: 0, by: factor)
  }

  /// Moves every value away from the picture's mean luma (rounded) by `factor`: 0 is flat grey, 1 changes
  /// nothing.
  ///
  /// Source: Pillow's `ImageEnhance.Contrast`.
  public mutating func adjustContrast(by factor: Float) {
    var sum = 0
    pixels.withUnsafeBufferPointer { pixels in
      for i in 0..<width * height { sum += Int(luma(pixels, i)) }
    }
    blend(from: UInt8(Double(sum) / Double(width * height) + 0.5), by: factor)
  }

  /// Moves every pixel away from its own luma by `factor`: 0 is a grey picture, 1 changes nothing.
  ///
  /// Source: Pillow's `ImageEnhance.Color`.
  public mutating func adjustSaturation(by factor: Float) {
    pixels.withUnsafeMutableBufferPointer { pixels in
      for i in 0..<width * height {
        let grey = luma(UnsafeBufferPointer(pixels), i)
        for c in 3 * i..<3 * i + 3 { pixels[c] = blended(grey, pixels[c], factor) }
      }
    }
  }

  /// Sets all three channels to the pixel's luma.
  ///
  /// Source: torchvision's `to_grayscale` with three output channels; ITU-R 601 weights.
  public mutating func convertToGrayscale() {
    pixels.withUnsafeMutableBufferPointer { pixels in
      for i in 0..<width * height {
        let grey = luma(UnsafeBufferPointer(pixels), i)
        pixels[3 * i] = grey
        pixels[3 * i + 1] = grey
        pixels[3 * i + 2] = grey
      }
    }
  }

  /// Inverts every value of at least `threshold`.
  ///
  /// Source: Pillow's `ImageOps.solarize`.
  public mutating func solarize(threshold: UInt8 = 128) {
    pixels.withUnsafeMutableBufferPointer { pixels in
      for i in 0..<pixels.count where pixels[i] >= threshold { pixels[i] = 255 - pixels[i] }
    }
  }

  /// Swaps left and right.
  public mutating func flipHorizontally() {
    pixels.withUnsafeMutableBufferPointer { pixels in
      for y in 0..<height {
        var left = 3 * y * width
        var right = 3 * ((y + 1) * width - 1)
        while left < right {
          for c in 0..<3 { pixels.swapAt(left + c, right + c) }
          left += 3
          right -= 3
        }
      }
    }
  }

  /// Blends every value with one constant; 256 answers are computed once and looked up.
  private mutating func blend(from base: UInt8, by factor: Float) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { answers in
      for value in 0..<256 { answers[value] = blended(base, UInt8(value), factor) }
      pixels.withUnsafeMutableBufferPointer { pixels in
        for i in 0..<pixels.count { pixels[i] = answers[Int(pixels[i])] }
      }
    }
  }
}

/// `from` + factor·(`to` − `from`), cut to whole numbers towards zero and clipped: Pillow's `Image.blend`.
@inline(__always)
private func blended(_ from: UInt8, _ to: UInt8, _ factor: Float) -> UInt8 {
  let value = Float(from) + factor * Float(Int32(to) - Int32(from))
  return UInt8(max(0, min(255, value)))
}

/// The luma of pixel `i`: ITU-R 601 weights in 16-bit fixed point, as Pillow's conversion to "L".
@inline(__always)
private func luma(_ pixels: UnsafeBufferPointer<UInt8>, _ i: Int) -> UInt8 {
  let red = UInt32(pixels[3 * i])
  let green = UInt32(pixels[3 * i + 1])
  let blue = UInt32(pixels[3 * i + 2])
  return UInt8(truncatingIfNeeded: (red &* 19595 &+ green &* 38470 &+ blue &* 7471 &+ 0x8000) >> 16)
}
