/// A JPEG or PNG picture whose header was read and whose pixels were not.
///
/// What the bytes are decides, not a file's name. EXIF orientation is ignored, as torchvision does.
public struct EncodedImage: Sendable {
  public enum Format: String, Sendable, CaseIterable {
    case jpeg, png

    public var name: String { rawValue.uppercased() }
  }

  /// Pictures of more pixels are refused before any memory is taken: Pillow's limit, twice its
  /// `MAX_IMAGE_PIXELS`.
  public static let largestPixelCount = 178_956_970

  public let format: Format
  /// In pixels, as stored.
  public let width: Int
  public let height: Int
  /// The whole file; a slice, so that a picture in a packed shard need not be copied out of its block.
  public let bytes: ArraySlice<UInt8>

  /// Reads the header.
  public init(_ bytes: ArraySlice<UInt8>) throws(ImageError) {
    guard !bytes.isEmpty else { throw .empty }
    throw .unknownFormat(start: Array(bytes.prefix(4)))
  }

  /// The whole picture at full resolution, as Pillow's `convert("RGB")` has it.
  ///
  /// - Parameter strict: Whether a warning of libjpeg or libpng is an error, too, where no row is missing.
  public func decoded(strict: Bool = false) throws(ImageError) -> RGBImage {
    throw .truncated(format)
  }

  /// At least the pixels inside `box`, at `eighths`/8 of the resolution.
  ///
  /// - Parameters:
  ///   - box: In pixels of the full resolution, inside the picture.
  ///   - eighths: 8, or for a JPEG 4, 2 or 1: libjpeg's scaling.
  public func decoded(covering box: CropBox, eighths: Int = 8) throws(ImageError) -> DecodedRegion {
    throw .truncated(format)
  }
}

/// A rectangle of a picture, decoded at a share of its resolution.
public struct DecodedRegion: Sendable, Equatable {
  public let pixels: RGBImage
  /// Where in the whole picture at this resolution the rectangle's first pixel lies.
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
