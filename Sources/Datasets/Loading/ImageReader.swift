import Images

/// What happens where an image cannot be used: `data.on_error`.
public enum OnBadImage: String, CaseIterable, Sendable {
  /// Whoever reads it fails.
  case stop
  /// The next image of the data set that can be used stands in for it.
  case skip
}

/// An image that could not be used, so that another stood in for it.
public struct SkippedImage: Codable, Equatable, Sendable {
  /// In the data set.
  public let index: Int
  /// In one sentence without the image's name.
  public let reason: String

  public init(index: Int, reason: String) {
    self.index = index
    self.reason = reason
  }
}

/// Reads images of a data set and does about bad ones what a person wants done.
///
/// The stand-in of image i is the first usable one of i + 1, i + 2, … modulo the data set's count: a function of
/// the data and of what is asked of it, whichever rank or thread reads it (contract C1).
public struct ImageReader: Sendable {
  /// So many bad images in a row are no accident: a disk is away, or the data set is another one.
  public static let largestRun = 100

  public let dataset: any ImageDataset
  public let onError: OnBadImage

  public init(_ dataset: any ImageDataset, onError: OnBadImage) {
    self.dataset = dataset
    self.onError = onError
  }

  /// Calls `body` with image `index` or its stand-in until it succeeds. Any thread may ask.
  ///
  /// - Parameters:
  ///   - clock: Is told how long fetching it took.
  ///   - body: Decodes the image; is given its index, which is the stand-in's where one is needed.
  ///     Only `ImageError` and `DatasetError.badImage` make an image a bad one; too little memory does not.
  /// - Returns: What `body` returned, and the bad images that were met on the way to it.
  /// - Throws: `DatasetError.badImage`, which names the image; `DatasetError.badRun` if there is no stand-in near;
  ///   anything else that `body` or the data set throws.
  package func read<Result>(
    at index: Int, clock: ViewClock? = nil, _ body: (StoredImage, Int) throws -> Result
  ) throws -> (result: Result, skipped: [SkippedImage]) {
    var skipped: [SkippedImage] = []
    while true {
      let candidate = (index + skipped.count) % dataset.count
      do {
        let image = try clock.time(.read) { try dataset.storedImage(at: candidate) }
        return (try body(image, candidate), skipped)
      } catch {
        guard let reason = Self.reason(error) else { throw error }
        let name = dataset.imageName(at: candidate)
        guard onError == .skip, error as? ImageError != .noMemory else {
          throw DatasetError.badImage(name: name, reason: reason)
        }
        skipped.append(SkippedImage(index: candidate, reason: reason))
        if skipped.count == min(Self.largestRun, dataset.count) {
          throw DatasetError.badRun(
            first: dataset.imageName(at: index), count: skipped.count, last: name, reason: reason)
        }
      }
    }
  }

  /// Why an image is a bad one; nil: something else is wrong.
  private static func reason(_ error: any Error) -> String? {
    switch error {
    case let error as ImageError: "\(error)"
    case DatasetError.badImage(_, let reason): reason
    default: nil
    }
  }
}

extension [SkippedImage] {
  /// Each image once, in the data set's order.
  package var unique: [SkippedImage] {
    Dictionary(map { ($0.index, $0) }) { first, _ in first }.values.sorted { $0.index < $1.index }
  }
}
