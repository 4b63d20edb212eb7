import Tensors

extension AugmentationParameters {
  /// Makes all views of one image, which is decoded no further than they need, and writes them normalised, as
  /// planes (CHW).
  ///
  /// A view of a JPEG is made from the lowest of libjpeg's resolutions at which its crop still has `size` pixels
  /// along both sides, and views of one resolution share one decoding of the rectangle around their crops. Where
  /// that is the full resolution, the result is that of decoding, cropping and resizing the whole image. Each view
  /// depends on its own parameters only.
  ///
  /// - Parameters:
  ///   - views: What was decided about each view, drawn for the image's size.
  ///   - size: Side of a view in pixels.
  ///   - clock: Is told where the time goes.
  ///   - batch: `[rows, 3, size, size]`, NCHW (one lane).
  ///   - row: Which of its rows a view goes to.
  public static func apply(
    _ views: [AugmentationParameters], to image: StoredImage, size: Int, interpolation: Interpolation,
    normalization: Normalization, clock: ViewClock? = nil, into batch: Tensor, row: (_ view: Int) -> Int
  ) throws(ImageError) {
    let resolutions = views.map { image.eighths(for: $0.crop, size: size) }
    for eighths in Set(resolutions).sorted() {
      let members = views.indices.filter { resolutions[$0] == eighths }
      let box = members.dropFirst().reduce(views[members[0]].crop) { $0.union(views[$1].crop) }
      let region = try clock.time(.decode) { () throws(ImageError) in
        try image.decoded(covering: box, eighths: eighths)
      }
      for number in members {
        let view = views[number].apply(to: region, size: size, interpolation: interpolation, clock: clock)
        clock.time(.normalize) { normalization.write(view, to: batch, row: row(number)) }
      }
    }
  }
}

extension StoredImage {
  /// See `EncodedImage.eighths(for:size:)`.
  fileprivate func eighths(for box: CropBox, size: Int) -> Int {
    switch self {
    case .pixels: 8
    case .encoded(let image): image.eighths(for: box, size: size)
    }
  }

  /// See `EncodedImage.decoded(covering:eighths:)`.
  fileprivate func decoded(covering box: CropBox, eighths: Int) throws(ImageError) -> DecodedRegion {
    switch self {
    case .pixels(let image): DecodedRegion(pixels: image, top: 0, left: 0, eighths: 8)
    case .encoded(let image): try image.decoded(covering: box, eighths: eighths)
    }
  }
}

extension CropBox {
  /// The smallest box that holds both.
  fileprivate func union(_ other: CropBox) -> CropBox {
    let (top, left) = (min(self.top, other.top), min(self.left, other.left))
    return CropBox(
      top: top, left: left,
      height: max(self.top + height, other.top + other.height) - top,
      width: max(self.left + width, other.left + other.width) - left)
  }
}
