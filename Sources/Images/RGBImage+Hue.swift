extension RGBImage {
  /// Turns the colour circle by `turns` (−0.5 … 0.5; 1 is a full turn, 1/3 takes red to green).
  ///
  /// Source: torchvision's `adjust_hue` on Pillow pictures: RGB → HSV of 8 bits each → hue shifted by
  /// whole steps of 1/255 with wrap-around at 256 → RGB. The detour rounds, so a shift of 0 is not the
  /// identity.
  public mutating func shiftHue(by turns: Double) {
    let shift = UInt8(truncatingIfNeeded: Int(turns * 255))
    pixels.withUnsafeMutableBufferPointer { pixels in
      for i in 0..<width * height {
        let (hue, saturation, value) = hsv(pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2])
        (pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]) = rgb(hue &+ shift, saturation, value)
      }
    }
  }
}

/// Pillow's `rgb2hsv` (after Python's colorsys), with its mixture of single and double precision.
@inline(__always)
private func hsv(_ r: UInt8, _ g: UInt8, _ b: UInt8) -> (UInt8, UInt8, UInt8) {
  let high = max(r, g, b)
  let low = min(r, g, b)
  guard low != high else { return (0, 0, high) }
  let range = Float(high - low)
  let redGap = Float(high - r) / range
  let greenGap = Float(high - g) / range
  let blueGap = Float(high - b) / range
  let sextant: Float
  if r == high {
    sextant = blueGap - greenGap
  } else if g == high {
    sextant = Float(2 + Double(redGap) - Double(blueGap))
  } else {
    sextant = Float(4 + Double(greenGap) - Double(redGap))
  }
  var turn = Double(sextant) / 6 + 1  // in [5/6, 2): a remainder of 1 is one subtraction
  if turn >= 1 { turn -= 1 }
  return (UInt8(Double(Float(turn)) * 255), UInt8(Double(range / Float(high)) * 255), high)
}

/// Pillow's `hsv2rgb`.
@inline(__always)
private func rgb(_ hue: UInt8, _ saturation: UInt8, _ value: UInt8) -> (UInt8, UInt8, UInt8) {
  guard saturation > 0 else { return (value, value, value) }
  let position = Double(Float(hue) * 6) / 255
  let sextant = Int(position)
  let fraction = Float(position - Double(sextant))
  let strength = Float(saturation) / 255
  let v = Double(value)
  let low = UInt8(v * (1 - Double(strength)) + 0.5)
  let falling = UInt8(v * (1 - Double(strength * fraction)) + 0.5)
  let rising = UInt8(v * (1 - Double(strength) * (1 - Double(fraction))) + 0.5)
  return switch sextant {
  case 1: (falling, value, low)
  case 2: (low, value, rising)
  case 3: (low, falling, value)
  case 4: (rising, low, value)
  case 5: (value, low, falling)
  default: (value, rising, low)  // 0, and 6 for the hue of 255, which is red again
  }
}
