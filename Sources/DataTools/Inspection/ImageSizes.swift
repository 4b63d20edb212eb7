import Datasets
import Images

/// How large the images of a data set are, and how they are kept, from their headers.
public struct ImageSizes: Codable, Equatable, Sendable {
  /// Pixels → how many images are so wide.
  public private(set) var widths: [Int: Int] = [:]
  public private(set) var heights: [Int: Int] = [:]
  /// Images with a side below 224 pixels, which are enlarged where networks take 224.
  public private(set) var small = 0
  /// `JPEG`, `PNG` or `pixels` → how many images are kept so.
  public private(set) var kinds: [String: Int] = [:]
  /// Images whose header cannot be read.
  public private(set) var unreadable = 0

  static let usualSide = 224

  init() {}

  /// - Parameter image: nil: it cannot be read.
  mutating func add(_ image: Measured?) {
    guard let image else {
      unreadable += 1
      return
    }
    widths[image.width, default: 0] += 1
    heights[image.height, default: 0] += 1
    kinds[image.format?.name ?? "pixels", default: 0] += 1
    if min(image.width, image.height) < Self.usualSide { small += 1 }
  }

  mutating func add(_ other: ImageSizes) {
    widths.merge(other.widths, uniquingKeysWith: +)
    heights.merge(other.heights, uniquingKeysWith: +)
    kinds.merge(other.kinds, uniquingKeysWith: +)
    small += other.small
    unreadable += other.unreadable
  }

  /// What the header of an image says.
  struct Measured {
    let width: Int
    let height: Int
    /// nil: pixels in memory.
    let format: EncodedImage.Format?

    init(_ image: StoredImage) {
      (width, height) = (image.width, image.height)
      switch image {
      case .pixels: format = nil
      case .encoded(let image): format = image.format
      }
    }
  }

  /// The smallest, middle and largest of sizes; of an even number the lower middle. nil: there are none.
  public static func range(_ sizes: [Int: Int]) -> (least: Int, median: Int, most: Int)? {
    let sorted = sizes.sorted { $0.key < $1.key }
    guard let first = sorted.first, let last = sorted.last else { return nil }
    let middle = (sizes.values.reduce(0, +) + 1) / 2
    var counted = 0
    let median = sorted.first {
      counted += $0.value
      return counted >= middle
    }
    return (first.key, median?.key ?? last.key, last.key)
  }
}
