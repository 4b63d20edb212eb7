extension AugmentationParameters {
  /// Makes all views of one picture, which is decoded no further than they need, and writes them normalised, as
  /// planes (CHW).
  ///
  /// A view of a JPEG is made from the lowest of libjpeg's resolutions at which its crop still has `size` pixels
  /// along both sides, and views of one resolution share one decoding of the rectangle around their crops. Where
  /// that is the full resolution, the result is that of decoding, cropping and resizing the whole picture. Each view
  /// depends on its own parameters only.
  ///
  /// - Parameters:
  ///   - views: What was decided about each view, drawn for the picture's size.
  ///   - size: Side of a view in pixels.
  ///   - planes: Where a view goes: `3 · size · size` numbers.
  public static func apply(
    _ views: [AugmentationParameters], to image: StoredImage, size: Int, interpolation: Interpolation,
    normalization: Normalization, planes: (Int) -> UnsafeMutableBufferPointer<Float>
  ) throws(ImageError) {
    let resolutions = views.map { image.eighths(for: $0.crop, size: size) }
    for eighths in EncodedImage.resolutions {
      let members = views.indices.filter { resolutions[$0] == eighths }
      guard let first = members.first else { continue }
      let box = members.dropFirst().reduce(views[first].crop) { $0.union(views[$1].crop) }
      let region = try image.decoded(covering: box, eighths: eighths)
      for number in members {
        let view = views[number].apply(to: region, size: size, interpolation: interpolation)
        normalization.write(view, into: planes(number))
      }
    }
  }
}

extension StoredImage {
  /// The lowest resolution, in eighths, at which a crop still has `size` pixels along both sides; the full one where
  /// there is no lower one or the crop is smaller.
  func eighths(for crop: CropBox, size: Int) -> Int {
    guard case .encoded(let image) = self, image.format == .jpeg else { return 8 }
    return EncodedImage.resolutions.first { min(crop.width, crop.height) * $0 >= 8 * size } ?? 8
  }

  /// At least the pixels inside `box`: see `EncodedImage.decoded(covering:eighths:)`.
  func decoded(covering box: CropBox, eighths: Int) throws(ImageError) -> DecodedRegion {
    switch self {
    case .pixels(let image): DecodedRegion(pixels: image, top: 0, left: 0, eighths: 8)
    case .encoded(let image): try image.decoded(covering: box, eighths: eighths)
    }
  }
}

extension EncodedImage {
  /// libjpeg's, in eighths, from the lowest.
  static let resolutions = [1, 2, 4, 8]
}

extension CropBox {
  /// The smallest box that holds both.
  func union(_ other: CropBox) -> CropBox {
    let (top, left) = (min(self.top, other.top), min(self.left, other.left))
    return CropBox(
      top: top, left: left,
      height: max(self.top + height, other.top + other.height) - top,
      width: max(self.left + width, other.left + other.width) - left)
  }
}
