import Images

extension ImageFile {
  /// Enough for nearly every header; what a camera put before it can be longer.
  private static let headerBytes = 64 << 10
  private static let tailBytes = 1 << 10

  /// Why the file is no image that can be trained on; nil: nothing speaks against it.
  ///
  /// Reads the header and the end. Only an image whose end is not the usual one is decoded, so damage in the
  /// middle is not found: that is what `sluice data verify` is for.
  static func fault(of path: FilePath) -> String? {
    do {
      return try ImageFile(path).fault()
    } catch let error as DataFault {
      return error.reason
    } catch {
      return "\(error)"
    }
  }

  private consuming func fault() throws -> String? {
    let start = try read(0..<min(byteCount, Self.headerBytes))
    let image: EncodedImage
    do {
      image = try EncodedImage(start[...])
    } catch {
      switch error {
      case .truncated where start.count < byteCount, .damaged where start.count < byteCount:
        image = try EncodedImage(try readAll()[...])
      default: throw error
      }
    }
    let tail = try read(max(0, byteCount - Self.tailBytes)..<byteCount)
    if !Self.isWhole(image.format, tail: tail) { _ = try EncodedImage(try readAll()[...]).decoded() }
    return nil
  }

  /// Whether a file's last bytes are those that end an image of this format; zeros and line breaks may follow.
  static func isWhole(_ format: EncodedImage.Format, tail: [UInt8]) -> Bool {
    let padding: Set<UInt8> = [0, UInt8(ascii: "\n"), UInt8(ascii: "\r")]
    var end = tail.endIndex
    while end > 0, padding.contains(tail[end - 1]) { end -= 1 }
    // The marker EOI; the chunk IEND, which is empty, and its check sum.
    let mark: [UInt8] = format == .jpeg ? [0xFF, 0xD9] : Array("IEND".utf8) + [0xAE, 0x42, 0x60, 0x82]
    return tail[..<end].suffix(mark.count).elementsEqual(mark)
  }
}
