import Images
import Tensors

/// All pictures of a data set as they are, normalised, in pieces: each picture exactly once, however many
/// ranks share them.
///
/// A rank takes a consecutive run of pieces. Runs differ by one piece at most and may be empty; only the
/// data set's last piece may hold fewer than `pieceSize` pictures.
public struct EvaluationBatches: Sendable {
  /// One piece: pictures `indices` of the data set.
  public struct Piece: Sendable {
    public let indices: Range<Int>
    public let labels: [Int]
    /// `[indices.count, 3, size, size]`, NCHW (one lane).
    public let images: Tensor
  }

  private let dataset: any ImageDataset
  private let imageSize: Int
  private let pieceSize: Int
  /// The pieces of this rank, in numbers of the whole data set.
  private let pieces: Range<Int>

  /// - Parameter imageSize: Side of the pictures in pixels; nil: the data set's.
  public init(
    _ dataset: any ImageDataset, imageSize: Int? = nil, pieceSize: Int, rank: Int = 0, worldSize: Int = 1
  ) {
    precondition(pieceSize > 0 && rank >= 0 && rank < worldSize)
    self.dataset = dataset
    self.imageSize = imageSize ?? dataset.imageSize
    self.pieceSize = pieceSize
    let all = (dataset.count + pieceSize - 1) / pieceSize
    pieces = all * rank / worldSize..<all * (rank + 1) / worldSize
  }

  /// How many pieces this rank takes, perhaps 0.
  public var count: Int { pieces.count }

  /// The pictures of all of this rank's pieces.
  public var indices: Range<Int> {
    pieces.lowerBound * pieceSize..<min(pieces.upperBound * pieceSize, dataset.count)
  }

  /// Piece `number` of this rank. Any thread may ask.
  ///
  /// Pictures of another size than `imageSize` come in as torchvision's evaluation sees them: resized so
  /// that the shorter side has 8/7 of it, the middle cut out.
  public func piece(_ number: Int) throws -> Piece {
    let first = (pieces.lowerBound + number) * pieceSize
    let indices = first..<min(first + pieceSize, dataset.count)
    let size = imageSize
    let images = Tensor(images: indices.count, channels: 3, height: size, width: size, lanes: 1)
    for (row, index) in indices.enumerated() {
      var image = try dataset.image(at: index)
      if image.width != size || image.height != size {
        image = image.evaluationCrop(shorterSide: size * 8 / 7, side: size)
      }
      let planes = UnsafeMutableBufferPointer(
        start: images.pointer + row * images.imageStride, count: images.imageStride)
      dataset.normalization.write(image, into: planes)
    }
    return Piece(indices: indices, labels: indices.map(dataset.label), images: images)
  }
}
