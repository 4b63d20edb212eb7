import Images

/// What becomes of an image when it is packed.
public struct ImageEncoding: Equatable, Sendable {
  /// The longer side in pixels at most; nil: as it is.
  public var maxSide: Int?
  /// Of JPEG; nil: see `packed`.
  public var quality: Int?

  /// The quality of a JPEG that has to be made anew, unless one is asked for.
  static let usualQuality = 90

  public init(maxSide: Int? = nil, quality: Int? = nil) {
    self.maxSide = maxSide
    self.quality = quality
  }

  /// The bytes to pack, and what they are.
  ///
  /// A file's bytes stay as they are if neither size nor quality is asked for; else it becomes a JPEG. Pixels
  /// become a PNG unless a quality is asked for. Each image is decoded in any case, so that what was packed can
  /// be decoded.
  func packed(_ stored: StoredImage) throws(ImageError) -> (bytes: [UInt8], suffix: String) {
    var image = try stored.decoded()
    if case .encoded(let file) = stored, maxSide == nil, quality == nil {
      return (Array(file.bytes), Self.suffix(file.format))
    }
    if let size = resized(width: image.width, height: image.height) {
      image = image.resizedCrop(
        image.bounds, width: size.width, height: size.height, interpolation: .bicubic)
    }
    if case .pixels = stored, quality == nil { return (try image.pngData(), Self.suffix(.png)) }
    return (try image.jpegData(quality: quality ?? Self.usualQuality), Self.suffix(.jpeg))
  }

  /// The size that an image shrinks to, its sides' ratio kept to the nearest pixel; nil: it is small enough.
  func resized(width: Int, height: Int) -> (width: Int, height: Int)? {
    let longer = max(width, height)
    guard let maxSide, longer > maxSide else { return nil }
    func side(_ value: Int) -> Int {
      max(1, Int((Double(value) * Double(maxSide) / Double(longer)).rounded()))
    }
    return (side(width), side(height))
  }

  private static func suffix(_ format: EncodedImage.Format) -> String {
    switch format {
    case .jpeg: "jpg"
    case .png: "png"
    }
  }
}

extension StoredImage {
  /// What the image takes where it is kept.
  var sourceBytes: Int {
    switch self {
    case .pixels(let image): image.pixels.count
    case .encoded(let image): image.bytes.count
    }
  }
}
