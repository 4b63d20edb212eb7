import CPixels

/// Pillow's colour operations on 8 bits, in place. Every one rounds as Pillow's does.
extension PlanarImage {
  /// Applies one operation of the colour jitter.
  public mutating func apply(_ stage: AugmentationParameters.JitterStage) {
    switch stage {
    case .brightness(let factor): adjustBrightness(by: Float(factor))
    case .contrast(let factor): adjustContrast(by: Float(factor))
    case .saturation(let factor): adjustSaturation(by: Float(factor))
    case .hue(let turns): shiftHue(by: turns)
    }
  }

  /// Multiplies every value by `factor`: 0 is black, 1 changes nothing.
  ///
  /// Source: Pillow's `ImageEnhance.Brightness`.
  public mutating func adjustBrightness(by factor: Float) {
    withPlanes { [count] in pixels_blend(3 * count, $0, 0, factor) }
  }

  /// Moves every value away from the image's mean luma (rounded) by `factor`: 0 is flat grey, 1 changes
  /// nothing.
  ///
  /// Source: Pillow's `ImageEnhance.Contrast`.
  public mutating func adjustContrast(by factor: Float) {
    withPlanes { [count] planes in
      let mean = Double(pixels_luma_sum(count, planes)) / Double(count)
      pixels_blend(3 * count, planes, UInt8(mean + 0.5), factor)
    }
  }

  /// Moves every pixel away from its own luma by `factor`: 0 is a grey image, 1 changes nothing.
  ///
  /// Source: Pillow's `ImageEnhance.Color`.
  public mutating func adjustSaturation(by factor: Float) {
    withPlanes { [count] in pixels_saturate(count, $0, factor) }
  }

  /// Turns the colour circle by `turns` (−0.5 … 0.5; 1 is a full turn, 1/3 takes red to green).
  ///
  /// Source: torchvision's `adjust_hue` on Pillow images: RGB → HSV of 8 bits each → hue shifted by
  /// whole steps of 1/255 with wrap-around at 256 → RGB. The detour rounds, so a shift of 0 is not the
  /// identity.
  public mutating func shiftHue(by turns: Double) {
    let shift = UInt8(truncatingIfNeeded: Int(turns * 255))
    withPlanes { [count] in pixels_shift_hue(count, $0, shift) }
  }

  /// Sets all three channels to the pixel's luma.
  ///
  /// Source: torchvision's `to_grayscale` with three output channels; ITU-R 601 weights.
  public mutating func convertToGrayscale() {
    withPlanes { [count] in pixels_grayscale(count, $0) }
  }

  /// Inverts every value of at least `threshold`.
  ///
  /// Source: Pillow's `ImageOps.solarize`.
  public mutating func solarize(threshold: UInt8 = 128) {
    withPlanes { [count] in pixels_solarize(3 * count, $0, threshold) }
  }

  /// Swaps left and right.
  public mutating func flipHorizontally() {
    withPlanes { [width, height] in pixels_flip(3 * height, Int32(width), $0) }
  }
}
