extension AugmentationParameters {
  /// Makes the view: the image cropped and resized to `size`×`size`, then every decided stage.
  ///
  /// All stages work on 8 bits as Pillow's do, the blur included, whose result is rounded.
  public func apply(to image: RGBImage, size: Int, interpolation: Interpolation) -> RGBImage {
    apply(
      to: DecodedRegion(pixels: image, top: 0, left: 0, eighths: 8), size: size, interpolation: interpolation
    ).interleaved
  }

  /// Makes the view from a part of the image that holds the crop, at any resolution.
  func apply(
    to region: DecodedRegion, size: Int, interpolation: Interpolation, clock: ViewClock? = nil
  ) -> PlanarImage {
    var view = clock.time(.resize) {
      region.resized(crop, width: size, height: size, interpolation: interpolation)
    }
    clock.time(.color) {
      for stage in jitter { view.apply(stage) }
      if isGrayscale { view.convertToGrayscale() }
    }
    if let blurSigma { clock.time(.blur) { view.blur(sigma: blurSigma) } }
    clock.time(.color) {
      if isSolarized { view.solarize() }
      if isFlipped { view.flipHorizontally() }
    }
    return view
  }
}

extension DecodedRegion {
  /// The part of the image inside `box`, which is in pixels of the full resolution, resized to `width`×`height`
  /// with antialiasing. In a scaled image the box has fractions of pixels: see `ResamplingWeights`.
  func resized(_ box: CropBox, width: Int, height: Int, interpolation: Interpolation) -> PlanarImage {
    func weights(_ start: Int, _ length: Int, from origin: Int, to size: Int) -> ResamplingWeights {
      // Eighths are exact in binary.
      ResamplingWeights(
        start: Double(start * eighths) / 8 - Double(origin), length: Double(length * eighths) / 8, size: size,
        interpolation: interpolation)
    }
    return pixels.resampled(
      columns: weights(box.left, box.width, from: left, to: width),
      rows: weights(box.top, box.height, from: top, to: height))
  }
}
