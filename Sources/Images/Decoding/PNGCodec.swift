import CPNG

/// libpng with Swift's arrays and errors.
enum PNGCodec {
  static func size(of bytes: ArraySlice<UInt8>) throws(ImageError) -> (width: Int, height: Int) {
    var header = cpng_header()
    try check { message in
      bytes.withUnsafeBufferPointer { cpng_read_header($0.baseAddress, $0.count, &header, message) }
    }
    return (Int(header.width), Int(header.height))
  }

  static func decode(
    _ bytes: ArraySlice<UInt8>, box: CropBox, strict: Bool
  ) throws(ImageError) -> RGBImage {
    let area = cpng_box(
      left: Int32(box.left), top: Int32(box.top), width: Int32(box.width), height: Int32(box.height))
    var pixels: [UInt8] = []
    try check { message in
      var result = CPNG_OK
      pixels = [UInt8](unsafeUninitializedCapacity: 3 * box.width * box.height) { pixels, count in
        result = bytes.withUnsafeBufferPointer {
          cpng_decode($0.baseAddress, $0.count, area, strict ? 1 : 0, pixels.baseAddress, message)
        }
        count = result == CPNG_OK ? 3 * box.width * box.height : 0
      }
      return result
    }
    return RGBImage(width: box.width, height: box.height, pixels: pixels)
  }

  static func encode(_ image: RGBImage) throws(ImageError) -> [UInt8] {
    try collectCBuffer { (bytes, count) throws(ImageError) in
      try check { message in
        image.pixels.withUnsafeBufferPointer {
          cpng_encode($0.baseAddress, Int32(image.width), Int32(image.height), bytes, count, message)
        }
      }
    }
  }

  /// Calls `body` with room for a message and throws what it returns.
  private static func check(
    _ body: (UnsafeMutablePointer<CChar>) -> cpng_result
  ) throws(ImageError) {
    var result = CPNG_OK
    let reason = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CPNG_MESSAGE_SIZE)) { message in
      result = body(message.baseAddress!)
      return result == CPNG_OK ? "" : String(cString: message.baseAddress!)
    }
    switch result {
    case CPNG_OK: return
    case CPNG_TRUNCATED: throw .truncated(.png)
    case CPNG_NO_MEMORY: throw .noMemory
    default: throw .damaged(.png, reason: reason)
    }
  }
}
