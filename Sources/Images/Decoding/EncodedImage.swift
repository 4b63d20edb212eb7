/// A JPEG or PNG image whose header was read and whose pixels were not.
///
/// What the bytes are decides, not a file's name. EXIF orientation is ignored, as torchvision does. Any bytes may
/// be handed in: whatever is wrong with them is an `ImageError`.
public struct EncodedImage: Sendable {
  public enum Format: String, Sendable, CaseIterable {
    case jpeg, png

    public var name: String { rawValue.uppercased() }
  }

  /// Images of more pixels are refused before any memory is taken: Pillow's limit, twice its
  /// `MAX_IMAGE_PIXELS`.
  public static let largestPixelCount = 178_956_970

  /// No file of an image that is not refused is larger: eight bytes a pixel, not compressed, and what is said of it.
  public static let largestByteCount = 1 << 31

  public let format: Format
  /// In pixels, as stored.
  public let width: Int
  public let height: Int
  /// The whole file; a slice, so that an image in a packed shard need not be copied out of its block.
  public let bytes: ArraySlice<UInt8>

  /// Reads the header.
  public init(_ bytes: ArraySlice<UInt8>) throws(ImageError) {
    guard !bytes.isEmpty else { throw .empty }
    let size: (width: Int, height: Int)
    if bytes.starts(with: [0xFF, 0xD8]) {
      format = .jpeg
      size = try JPEGCodec.size(of: bytes)
    } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      format = .png
      size = try PNGCodec.size(of: bytes)
    } else {
      throw .unknownFormat(start: Array(bytes.prefix(4)))
    }
    (width, height) = size
    self.bytes = bytes
    guard width <= Self.largestPixelCount / height else { throw .tooLarge(width: width, height: height) }
  }

  /// The whole image as a box.
  public var bounds: CropBox { CropBox(top: 0, left: 0, height: height, width: width) }

  /// The whole image at full resolution, as Pillow's `convert("RGB")` has it but for 16-bit grey PNGs, which
  /// keep their high bytes here and are clipped there.
  ///
  /// What changes pixels is always an error: missing rows, damaged scans. Warnings that change none (bytes before
  /// a marker that do not belong there, a version nobody knows, a missing end marker, a wrong checksum of
  /// something that is skipped) are errors only with `strict`, which also reads what follows the last row.
  ///
  /// - Parameter strict: Whether a warning of libjpeg or libpng is an error, too, where no row is missing.
  public func decoded(strict: Bool = false) throws(ImageError) -> RGBImage {
    try decoded(covering: bounds, eighths: 8, strict: strict).pixels
  }

  /// The pixels that `box` touches, at `eighths`/8 of the resolution: the same bits as in the whole image decoded
  /// at this resolution, of which each side is rounded up.
  ///
  /// Rows below the box are not decoded, so damage there goes unseen (but for progressive JPEGs and interlaced
  /// PNGs, which are always read whole).
  ///
  /// - Parameters:
  ///   - box: In pixels of the full resolution, inside the image.
  ///   - eighths: 8, or for a JPEG 4, 2 or 1: libjpeg's scaling.
  public func decoded(covering box: CropBox, eighths: Int = 8) throws(ImageError) -> DecodedRegion {
    try decoded(covering: box, eighths: eighths, strict: false)
  }

  /// The smallest share of the resolution, in eighths, at which both sides of `box` still have `size` pixels; 8
  /// where none has.
  public func eighths(for box: CropBox, size: Int) -> Int {
    guard format == .jpeg else { return 8 }
    return [1, 2, 4].first { min(box.width, box.height) * $0 >= 8 * size } ?? 8
  }

  private func decoded(covering box: CropBox, eighths: Int, strict: Bool) throws(ImageError) -> DecodedRegion
  {
    precondition(box.lies(inWidth: width, height: height), "\(box) leaves the image")
    precondition(
      eighths == 8 || format == .jpeg && [1, 2, 4].contains(eighths), "no scale of \(eighths)/8")
    let top = box.top * eighths / 8
    let left = box.left * eighths / 8
    let scaled = CropBox(
      top: top, left: left,
      height: ((box.top + box.height) * eighths + 7) / 8 - top,
      width: ((box.left + box.width) * eighths + 7) / 8 - left)
    let pixels =
      switch format {
      case .jpeg: try JPEGCodec.decode(bytes, eighths: eighths, box: scaled, strict: strict)
      case .png: try PNGCodec.decode(bytes, box: scaled, strict: strict)
      }
    return DecodedRegion(pixels: pixels, top: top, left: left, eighths: eighths)
  }
}

/// A rectangle of an image, decoded at a share of its resolution.
public struct DecodedRegion: Sendable, Equatable {
  public let pixels: RGBImage
  /// Where in the whole image at this resolution the rectangle's first pixel lies.
  public let top: Int
  public let left: Int
  /// The resolution in eighths.
  public let eighths: Int

  public init(pixels: RGBImage, top: Int, left: Int, eighths: Int) {
    self.pixels = pixels
    self.top = top
    self.left = left
    self.eighths = eighths
  }
}
