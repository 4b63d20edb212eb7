/// Which images of a data set are read together: consecutive ones, so that a read is long.
public struct ImageBlocks: Sendable, Equatable {
  /// Where each block begins, and at last the number of images.
  private let bounds: [Int]
  /// What reading each block takes.
  public let bytes: [Int]

  /// - Parameters:
  ///   - counts: Images of each block, at least 1.
  ///   - bytes: One number a block.
  public init(counts: [Int], bytes: [Int]) {
    precondition(counts.count == bytes.count && counts.allSatisfy { $0 > 0 })
    bounds = counts.reduce(into: [0]) { $0.append($0.last! + $1) }
    self.bytes = bytes
  }

  public var count: Int { bytes.count }
  public var imageCount: Int { bounds.last! }
  public var totalBytes: Int { bytes.reduce(0, +) }
  public var largestBytes: Int { bytes.max() ?? 0 }

  /// The images of block `block`.
  public subscript(block: Int) -> Range<Int> { bounds[block]..<bounds[block + 1] }

  /// The block that image `index` is in.
  public func block(of index: Int) -> Int {
    precondition(index >= 0 && index < imageCount, "image \(index) of \(imageCount)")
    var (low, high) = (0, count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if bounds[middle] <= index { low = middle } else { high = middle }
    }
    return low
  }
}
