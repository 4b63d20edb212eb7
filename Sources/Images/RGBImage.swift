/// An image of 8-bit red, green and blue: row by row, the three bytes of a pixel beside each other (HWC).
public struct RGBImage: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// `3 · width · height` bytes.
  public internal(set) var pixels: [UInt8]

  /// An image of at least one pixel.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0, "an image of \(width)×\(height) has no pixels")
    precondition(pixels.count == 3 * width * height, "\(width)×\(height) from \(pixels.count) bytes")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// An image from three planes, red, green and blue, one after the other (CHW), as CIFAR's files have them.
  public init(width: Int, height: Int, planes: UnsafeBufferPointer<UInt8>) {
    let count = width * height
    precondition(planes.count == 3 * count, "\(width)×\(height) from \(planes.count) bytes")
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * count) { pixels, initialized in
      for i in 0..<count {
        pixels[3 * i] = planes[i]
        pixels[3 * i + 1] = planes[count + i]
        pixels[3 * i + 2] = planes[2 * count + i]
      }
      initialized = 3 * count
    }
    self.init(width: width, height: height, pixels: pixels)
  }

  /// The whole image as a box.
  public var bounds: CropBox { CropBox(top: 0, left: 0, height: height, width: width) }
}

/// A rectangle of whole pixels inside an image; row 0 is at the top.
public struct CropBox: Sendable, Equatable {
  public var top: Int
  public var left: Int
  public var height: Int
  public var width: Int

  public init(top: Int, left: Int, height: Int, width: Int) {
    self.top = top
    self.left = left
    self.height = height
    self.width = width
  }

  /// Whether the box holds at least one pixel and lies inside an image of this size.
  public func lies(inWidth width: Int, height: Int) -> Bool {
    top >= 0 && left >= 0 && self.height > 0 && self.width > 0
      && top + self.height <= height && left + self.width <= width
  }
}
