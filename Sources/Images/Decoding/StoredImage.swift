/// An image as a data set keeps it: pixels, or a file's bytes that are decoded as far as they are needed.
public enum StoredImage: Sendable {
  case pixels(RGBImage)
  case encoded(EncodedImage)

  /// In pixels; likewise `height`.
  public var width: Int {
    switch self {
    case .pixels(let image): image.width
    case .encoded(let image): image.width
    }
  }

  public var height: Int {
    switch self {
    case .pixels(let image): image.height
    case .encoded(let image): image.height
    }
  }

  /// The whole image at full resolution.
  public func decoded() throws(ImageError) -> RGBImage {
    switch self {
    case .pixels(let image): image
    case .encoded(let image): try image.decoded()
    }
  }
}
