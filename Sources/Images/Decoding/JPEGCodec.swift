import CJPEG

/// libjpeg-turbo with Swift's arrays and errors.
enum JPEGCodec {
  static func size(of bytes: ArraySlice<UInt8>) throws(ImageError) -> (width: Int, height: Int) {
    var header = cjpeg_header()
    try check { message in
      bytes.withUnsafeBufferPointer { cjpeg_read_header($0.baseAddress, $0.count, &header, message) }
    }
    return (Int(header.width), Int(header.height))
  }

  /// - Parameter box: In pixels of the image at this scale.
  static func decode(
    _ bytes: ArraySlice<UInt8>, eighths: Int, box: CropBox, strict: Bool
  ) throws(ImageError) -> RGBImage {
    let area = cjpeg_box(
      left: Int32(box.left), top: Int32(box.top), width: Int32(box.width), height: Int32(box.height))
    var pixels: [UInt8] = []
    try check { message in
      var result = CJPEG_OK
      pixels = [UInt8](unsafeUninitializedCapacity: 3 * box.width * box.height) { pixels, count in
        result = bytes.withUnsafeBufferPointer {
          cjpeg_decode(
            $0.baseAddress, $0.count, Int32(eighths), area, strict ? 1 : 0, pixels.baseAddress, message)
        }
        count = result == CJPEG_OK ? 3 * box.width * box.height : 0
      }
      return result
    }
    return RGBImage(width: box.width, height: box.height, pixels: pixels)
  }

  static func encode(_ image: RGBImage, quality: Int) throws(ImageError) -> [UInt8] {
    try collectCBuffer { (bytes, count) throws(ImageError) in
      try check { message in
        image.pixels.withUnsafeBufferPointer {
          cjpeg_encode(
            $0.baseAddress, Int32(image.width), Int32(image.height), Int32(quality), bytes, count, message)
        }
      }
    }
  }

  /// Calls `body` with room for a message and throws what it returns.
  private static func check(
    _ body: (UnsafeMutablePointer<CChar>) -> cjpeg_result
  ) throws(ImageError) {
    var result = CJPEG_OK
    let reason = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CJPEG_MESSAGE_SIZE)) { message in
      result = body(message.baseAddress!)
      return result == CJPEG_OK ? "" : String(cString: message.baseAddress!)
    }
    switch result {
    case CJPEG_OK: return
    case CJPEG_TRUNCATED: throw .truncated(.jpeg)
    case CJPEG_UNSUPPORTED: throw .unsupported(.jpeg, reason: reason)
    case CJPEG_NO_MEMORY: throw .noMemory
    default: throw .damaged(.jpeg, reason: reason)
    }
  }
}
