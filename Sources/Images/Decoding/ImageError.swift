/// Why bytes are no image that can be used. Which file they came from, whoever read it says.
public enum ImageError: Error, Equatable, CustomStringConvertible {
  case empty
  /// Neither JPEG nor PNG; the first bytes, for a person to recognise what it is.
  case unknownFormat(start: [UInt8])
  /// The image ends before its last row.
  case truncated(EncodedImage.Format)
  /// The library's own words.
  case damaged(EncodedImage.Format, reason: String)
  /// Sound as far as it was read, but of a kind that is not decoded; the library's own words.
  case unsupported(EncodedImage.Format, reason: String)
  /// No fault of the image's.
  case noMemory
  /// More pixels than `EncodedImage.largestPixelCount`.
  case tooLarge(width: Int, height: Int)

  public var description: String {
    switch self {
    case .empty:
      return "it is empty"
    case .unknownFormat(let start):
      let bytes = start.map { byte in
        let digits = String(byte, radix: 16)
        return digits.count < 2 ? "0" + digits : digits
      }
      return "it is neither JPEG nor PNG (it begins with \(bytes.joined(separator: " ")))"
    case .truncated(let format):
      return "the \(format.name) ends before its last row"
    case .damaged(let format, let reason):
      return "the \(format.name) is damaged: \(reason)"
    case .unsupported(let format, let reason):
      return "the \(format.name) is of a kind that is not decoded: \(reason)"
    case .noMemory:
      return "there is not enough memory to decode or encode it"
    case .tooLarge(let width, let height):
      return
        "its \(width)×\(height) pixels are more than the \(EncodedImage.largestPixelCount) that are decoded"
    }
  }
}
