import CPixels

/// An image of 8-bit red, green and blue as three planes, one after the other (CHW): what views are made in, because
/// vector instructions then treat 16 pixels as one.
public struct PlanarImage: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// `3 · width · height` bytes.
  var planes: [UInt8]

  public init(_ image: RGBImage) {
    let count = image.width * image.height
    self.init(width: image.width, height: image.height) { planes in
      image.pixels.withUnsafeBufferPointer {
        pixels_separate(count, $0.baseAddress, planes.baseAddress)
      }
    }
  }

  /// An image whose bytes `fill` writes, all of them.
  init(width: Int, height: Int, fill: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
    precondition(width > 0 && height > 0, "an image of \(width)×\(height) has no pixels")
    self.width = width
    self.height = height
    let count = 3 * width * height
    planes = [UInt8](unsafeUninitializedCapacity: count) { planes, initialized in
      fill(UnsafeMutableBufferPointer(rebasing: planes[..<count]))
      initialized = count
    }
  }

  /// Pixels of a plane.
  var count: Int { width * height }

  /// The same image, the three bytes of a pixel beside each other.
  public var interleaved: RGBImage {
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * count) { pixels, initialized in
      planes.withUnsafeBufferPointer { pixels_interleave(count, $0.baseAddress, pixels.baseAddress) }
      initialized = 3 * count
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  /// Lends the bytes to a kernel.
  mutating func withPlanes(_ kernel: (UnsafeMutablePointer<UInt8>) -> Void) {
    planes.withUnsafeMutableBufferPointer { kernel($0.baseAddress!) }
  }
}
