import Images

/// Some images of a data set, numbered anew in the same order.
public struct SubsetDataset: ImageDataset {
  private let whole: any ImageDataset
  private let indices: [Int]
  /// Those of the whole that hold any of the images. Reading one takes as much as before.
  public let blocks: ImageBlocks?

  /// - Parameter indices: Numbers in `whole`, ascending, at least one.
  public init(_ whole: any ImageDataset, indices: [Int]) {
    precondition(!indices.isEmpty && zip(indices, indices.dropFirst()).allSatisfy { $0 < $1 })
    self.whole = whole
    self.indices = indices
    blocks = whole.blocks.map { blocks in
      var counts = [Int](repeating: 0, count: blocks.count)
      for index in indices { counts[blocks.block(of: index)] += 1 }
      let used = counts.indices.filter { counts[$0] > 0 }
      return ImageBlocks(counts: used.map { counts[$0] }, bytes: used.map { blocks.bytes[$0] })
    }
  }

  public var name: String { whole.name }
  public var count: Int { indices.count }
  public var classNames: [String] { whole.classNames }
  public var imageSize: Int { whole.imageSize }
  public var normalization: Normalization { whole.normalization }
  public var residentBytes: Int { whole.residentBytes }

  public func label(at index: Int) -> Int? { whole.label(at: indices[index]) }
  public func storedImage(at index: Int) throws -> StoredImage { try whole.storedImage(at: indices[index]) }
  public func imageName(at index: Int) -> String { whole.imageName(at: indices[index]) }
  public func reserve(cacheBytes: Int) { whole.reserve(cacheBytes: cacheBytes) }
}
