import Foundation

extension RGBImage {
  /// The picture under a true Gaussian, cut off beyond ⌈3σ⌉ pixels, borders reflected without repeating the
  /// outermost pixel (… 2 1 0 1 2 …).
  ///
  /// Not Pillow's `GaussianBlur`, which approximates by boxes.
  /// - Parameter sigma: Standard deviation in pixels, above 0.
  /// - Returns: `3 · width · height` numbers of 0 … 255, not rounded, in the order of `pixels` (HWC).
  public func gaussianBlurred(sigma: Double) -> [Float] {
    precondition(sigma > 0, "a Gaussian needs a positive width")
    let radius = Int((3 * sigma).rounded(.up))
    var kernel = (-radius...radius).map { exp(-0.5 * (Double($0) / sigma) * (Double($0) / sigma)) }
    let total = kernel.reduce(0, +)
    for i in kernel.indices { kernel[i] /= total }
    let weights = kernel.map { Float($0) }

    let count = pixels.count
    var rows = [Float](repeating: 0, count: count)
    var result = rows
    let columns = reflected(width, radius)
    let lines = reflected(height, radius)
    pixels.withUnsafeBufferPointer { source in
      rows.withUnsafeMutableBufferPointer { rows in
        result.withUnsafeMutableBufferPointer { result in
          for y in 0..<height {
            for x in 0..<width {
              for (k, weight) in weights.enumerated() {
                let from = 3 * (y * width + columns[x + k])
                let to = 3 * (y * width + x)
                for c in 0..<3 { rows[to + c] += weight * Float(source[from + c]) }
              }
            }
          }
          for y in 0..<height {
            for (k, weight) in weights.enumerated() {
              let from = 3 * width * lines[y + k]
              let to = 3 * width * y
              for i in 0..<3 * width { result[to + i] += weight * rows[from + i] }
            }
          }
        }
      }
    }
    return result
  }

  /// Blurs in place and rounds to 8 bits, so that later stages see what they would see after any other.
  mutating func blur(sigma: Double) {
    let blurred = gaussianBlurred(sigma: sigma)
    pixels.withUnsafeMutableBufferPointer { pixels in
      // Weights add up to 1 only to rounding: white could reach 255.00002, which rounds to 255.
      for i in 0..<pixels.count { pixels[i] = UInt8(blurred[i] + 0.5) }
    }
  }
}

/// For positions −radius ..< size + radius: the pixel inside that stands for each.
private func reflected(_ size: Int, _ radius: Int) -> [Int] {
  guard size > 1 else { return Array(repeating: 0, count: size + 2 * radius) }
  let period = 2 * (size - 1)
  return (-radius..<size + radius).map { position in
    let inside = ((position % period) + period) % period
    return inside < size ? inside : period - inside
  }
}
