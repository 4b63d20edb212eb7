import CVector
import Layers
import Tensors

/// A unit vector for every image of a data set: what became of the image when it was last looked at.
///
/// Ranks share the bank: each holds the rows of a run of images and no others. Rows do not travel, as there are far
/// more of them in a step than of what they are compared with: whoever holds a row does what is to be done with it.
///
/// **Parts.** The images are cut into `leastPartCount` parts of equally many consecutive images (the last ones may be
/// shorter or empty), and each rank holds equally many parts. What rows contribute to a sum is added up part by part,
/// and parts along `ShardTree`: so a number of ranks that divides `leastPartCount` changes no bit (contract C1).
final class MemoryBank {
  /// The parts of the bank on up to as many ranks, if their number divides this; else a few more.
  static let leastPartCount = 64

  let imageCount: Int
  let dimension: Int
  /// The parts that this rank holds.
  let parts: Range<Int>
  /// The images whose rows this rank holds.
  let images: Range<Int>
  private let partSize: Int
  /// `[images.count, dimension]`.
  private let rows: Tensor

  /// With unspecified rows.
  private init(imageCount: Int, dimension: Int, rank: Int, worldSize: Int) {
    self.imageCount = imageCount
    self.dimension = dimension
    let partsOfRank = (Self.leastPartCount + worldSize - 1) / worldSize
    let partCount = partsOfRank * worldSize
    partSize = (imageCount + partCount - 1) / partCount
    parts = rank * partsOfRank..<(rank + 1) * partsOfRank
    let partSize = partSize
    func start(_ part: Int) -> Int { min(part * partSize, imageCount) }
    images = start(parts.lowerBound)..<start(parts.upperBound)
    rows = Tensor(rows: images.count, columns: dimension)
  }

  /// A bank in which no image was looked at yet: directions of random points of a cube around 0, each a function of
  /// seed and image.
  convenience init(imageCount: Int, dimension: Int, seed: UInt64, rank: Int, worldSize: Int) {
    self.init(imageCount: imageCount, dimension: dimension, rank: rank, worldSize: worldSize)
    for image in images {
      let row = row(of: image)
      RandomDraws(seed: seed, purpose: .memoryBank, index: image)
        .fillUniform(UnsafeMutableBufferPointer(start: row, count: dimension))
      for i in 0..<dimension { row[i] -= 0.5 }
      normalize(row)
    }
  }

  /// A bank with these rows.
  ///
  /// - Parameter all: Unit rows of all images, row-major.
  convenience init(_ all: [Float], dimension: Int, rank: Int, worldSize: Int) {
    precondition(all.count % dimension == 0)
    self.init(imageCount: all.count / dimension, dimension: dimension, rank: rank, worldSize: worldSize)
    for image in images {
      for i in 0..<dimension { row(of: image)[i] = all[image * dimension + i] }
    }
  }

  /// The rows of this rank, row-major.
  var ownRows: [Float] { Array(UnsafeBufferPointer(start: rows.pointer, count: rows.count)) }

  /// The part of an image that this rank holds, counted from the first of its parts; nil for another rank's.
  func ownPart(of image: Int) -> Int? {
    images.contains(image) ? image / partSize - parts.lowerBound : nil
  }

  /// The row of an image that this rank holds.
  func row(of image: Int) -> UnsafeMutablePointer<Float> { rows.row(image - images.lowerBound) }

  /// Moves the row of an image towards what it looks like now, if this rank holds it: row ← (momentum·row + (1 −
  /// momentum)·v) / ‖·‖₂.
  ///
  /// - Parameter v: A unit vector.
  func move(_ image: Int, towards v: UnsafePointer<Float>, momentum: Double) {
    guard images.contains(image) else { return }
    let row = row(of: image)
    vector_combine(dimension, momentum, row, 1 - momentum, v, row)
    normalize(row)
  }

  private func normalize(_ row: UnsafeMutablePointer<Float>) {
    vector_scale(dimension, 1 / max(vector_norm(dimension, row), 1e-12), row, row)
  }
}
