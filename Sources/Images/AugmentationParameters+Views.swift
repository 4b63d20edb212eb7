extension AugmentationParameters {
  /// Makes all views of one picture, which is decoded no further than they need, and writes them normalised, as
  /// planes (CHW).
  ///
  /// - Parameters:
  ///   - views: What was decided about each view, drawn for the picture's size.
  ///   - size: Side of a view in pixels.
  ///   - planes: Where a view goes: `3 · size · size` numbers.
  public static func apply(
    _ views: [AugmentationParameters], to image: StoredImage, size: Int, interpolation: Interpolation,
    normalization: Normalization, planes: (Int) -> UnsafeMutableBufferPointer<Float>
  ) throws(ImageError) {
    let image = try image.decoded()
    for (number, view) in views.enumerated() {
      view.apply(
        to: image, size: size, interpolation: interpolation, normalization: normalization,
        into: planes(number))
    }
  }
}
