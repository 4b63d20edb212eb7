import Images
import Tensors

/// All images of a data set as they are, normalised, in pieces: each image exactly once, however many
/// ranks share them.
///
/// A rank takes a consecutive run of pieces. Runs differ by one piece at most and may be empty; only the
/// data set's last piece may hold fewer than `pieceSize` images.
public struct EvaluationBatches: Sendable {
  /// One piece: images `indices` of the data set.
  public struct Piece: Sendable {
    public let indices: Range<Int>
    /// Of what is really shown: of its stand-in where an image is a bad one. nil: there are none.
    public let labels: [Int]?
    /// `[indices.count, 3, size, size]`, NCHW (one lane).
    public let images: Tensor
    /// The bad images that were met, in their order.
    public let skipped: [SkippedImage]
  }

  private let reader: ImageReader
  private var dataset: any ImageDataset { reader.dataset }
  private let imageSize: Int
  private let pieceSize: Int
  /// The pieces of this rank, in numbers of the whole data set.
  private let pieces: Range<Int>

  /// - Parameters:
  ///   - onError: What happens where an image cannot be used.
  ///   - imageSize: Side of the images in pixels; nil: the data set's.
  public init(
    _ dataset: any ImageDataset, onError: OnBadImage = .stop, imageSize: Int? = nil, pieceSize: Int,
    rank: Int = 0, worldSize: Int = 1
  ) {
    precondition(pieceSize > 0 && rank >= 0 && rank < worldSize)
    reader = ImageReader(dataset, onError: onError)
    self.imageSize = imageSize ?? dataset.imageSize
    self.pieceSize = pieceSize
    let all = (dataset.count + pieceSize - 1) / pieceSize
    pieces = all * rank / worldSize..<all * (rank + 1) / worldSize
  }

  /// How many pieces this rank takes, perhaps 0.
  public var count: Int { pieces.count }

  /// The images of all of this rank's pieces.
  public var indices: Range<Int> {
    pieces.lowerBound * pieceSize..<min(pieces.upperBound * pieceSize, dataset.count)
  }

  /// Piece `number` of this rank. Any thread may ask.
  ///
  /// Images of another size than `imageSize` come in as torchvision's evaluation sees them: resized so
  /// that the shorter side has 8/7 of it, the middle cut out.
  public func piece(_ number: Int) throws -> Piece {
    let first = (pieces.lowerBound + number) * pieceSize
    let indices = first..<min(first + pieceSize, dataset.count)
    let size = imageSize
    let images = Tensor(rows: indices.count, channels: 3, height: size, width: size, lanes: 1)
    var labels: [Int] = []
    var skipped: [SkippedImage] = []
    for (row, index) in indices.enumerated() {
      let read = try reader.read(at: index) { (image: try $0.decoded(), label: dataset.label(at: $1)) }
      if let label = read.result.label { labels.append(label) }
      skipped += read.skipped
      var image = read.result.image
      if image.width != size || image.height != size {
        image = image.evaluationCrop(shorterSide: size * 8 / 7, side: size)
      }
      dataset.normalization.write(PlanarImage(image), to: images, row: row)
    }
    return Piece(
      indices: indices, labels: dataset.isLabelled ? labels : nil, images: images, skipped: skipped)
  }
}
