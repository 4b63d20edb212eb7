import Foundation

extension RGBImage {
  /// The image as a baseline JPEG, colour at half the resolution both ways (4:2:0), standard tables.
  ///
  /// The same pixels give the same bytes with the same libjpeg-turbo.
  ///
  /// - Parameter quality: 1 … 100, libjpeg's scale.
  /// - Throws: `ImageError.unsupported` for a side of more than 65,500 pixels, JPEG's limit.
  public func jpegData(quality: Int) throws(ImageError) -> [UInt8] {
    precondition((1...100).contains(quality), "a quality of \(quality)")
    return try JPEGCodec.encode(self, quality: quality)
  }

  /// The image as a PNG of 8 bits a channel.
  ///
  /// - Throws: `ImageError.damaged` for a side of more than a million pixels, libpng's limit.
  public func pngData() throws(ImageError) -> [UInt8] {
    try PNGCodec.encode(self)
  }
}

/// Calls `body` with a place for a buffer from C's `malloc`, and copies and frees what it puts there.
func collectCBuffer(
  _ body: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, UnsafeMutablePointer<Int>) throws(ImageError)
    ->
    Void
) throws(ImageError) -> [UInt8] {
  var bytes: UnsafeMutablePointer<UInt8>?
  var count = 0
  try body(&bytes, &count)
  defer { free(bytes) }
  return Array(UnsafeBufferPointer(start: bytes, count: count))
}
