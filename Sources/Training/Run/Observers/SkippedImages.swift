import Datasets

/// The images of a run that could not be used, so that their neighbours stood in for them; each counts once.
public struct SkippedImages: Codable, Equatable, Sendable {
  // Indices in each part, ascending; keys of state.json.
  private var train: [Int] = []
  private var test: [Int] = []
  /// nil: none; not written for data without such a part.
  private var reference: [Int]?

  public init() {}

  /// Their numbers in a part of the data, ascending.
  public private(set) subscript(part: DataPart) -> [Int] {
    get {
      switch part {
      case .train: train
      case .reference: reference ?? []
      case .test: test
      }
    }
    set {
      switch part {
      case .train: train = newValue
      case .reference: reference = newValue
      case .test: test = newValue
      }
    }
  }

  public var count: Int { DataPart.allCases.reduce(0) { $0 + self[$1].count } }

  /// Whether all are images of this data.
  func areIn(_ data: DataParts) -> Bool {
    DataPart.allCases.allSatisfy { part in
      self[part].allSatisfy((0..<(data.datasets[part]?.count ?? 0)).contains)
    }
  }

  /// Takes note of images; returns those that were not known.
  mutating func insert(_ images: [SkippedImage], of part: DataPart) -> [SkippedImage] {
    let known = Set(self[part])
    let new = images.unique.filter { !known.contains($0.index) }
    if !new.isEmpty { self[part] = known.union(new.map(\.index)).sorted() }
    return new
  }

  /// What a person calls the first `count` of them.
  func names(in data: DataParts, atMost count: Int) -> [String] {
    data.datasets.all.flatMap { part, dataset in self[part].map { dataset.imageName(at: $0) } }
      .prefix(count).map(\.self)
  }
}
