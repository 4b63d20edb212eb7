extension AugmentationParameters {
  /// Makes the view: the picture cropped and resized to `size`×`size`, then every decided stage.
  ///
  /// All stages work on 8 bits as Pillow's do, the blur included, whose result is rounded.
  public func apply(to image: RGBImage, size: Int, interpolation: Interpolation) -> RGBImage {
    var view = image.resizedCrop(crop, width: size, height: size, interpolation: interpolation)
    for stage in jitter { view.apply(stage) }
    if isGrayscale { view.convertToGrayscale() }
    if let blurSigma { view.blur(sigma: blurSigma) }
    if isSolarized { view.solarize() }
    if isFlipped { view.flipHorizontally() }
    return view
  }

  /// Makes the view and writes it normalised, as planes (CHW).
  ///
  /// - Parameter planes: `3 · size · size` numbers.
  public func apply(
    to image: RGBImage, size: Int, interpolation: Interpolation, normalization: Normalization,
    into planes: UnsafeMutableBufferPointer<Float>
  ) {
    normalization.write(apply(to: image, size: size, interpolation: interpolation), into: planes)
  }
}

extension RGBImage {
  /// Applies one operation of the colour jitter.
  public mutating func apply(_ stage: AugmentationParameters.JitterStage) {
    switch stage {
    case .brightness(let factor): adjustBrightness(by: Float(factor))
    case .contrast(let factor): adjustContrast(by: Float(factor))
    case .saturation(let factor): adjustSaturation(by: Float(factor))
    case .hue(let turns): shiftHue(by: turns)
    }
  }
}
