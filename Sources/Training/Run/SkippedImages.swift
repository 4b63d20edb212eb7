import Datasets

/// The images of a run that could not be used, so that their neighbours stood in for them; each counts once.
public struct SkippedImages: Codable, Equatable, Sendable {
  /// Indices in the training images, ascending.
  public private(set) var train: [Int] = []
  /// Indices in the test images, ascending.
  public private(set) var test: [Int] = []

  /// A part of the data.
  enum Part { case train, test }

  public init() {}

  public var count: Int { train.count + test.count }

  /// Takes note of images; returns those that were not known.
  mutating func insert(_ images: [SkippedImage], of part: Part) -> [SkippedImage] {
    let known = Set(part == .train ? train : test)
    let new = images.unique.filter { !known.contains($0.index) }
    let all = known.union(new.map(\.index)).sorted()
    if part == .train { train = all } else { test = all }
    return new
  }

  /// What a person calls the first `count` of them.
  func names(in data: DatasetPair, atMost count: Int) -> [String] {
    (train.map { data.train.pictureName(at: $0) }
      + test.compactMap { data.test?.pictureName(at: $0) }).prefix(count).map(\.self)
  }
}
