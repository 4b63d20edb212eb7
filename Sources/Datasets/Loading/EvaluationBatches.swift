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
    /// Numbers of what is really shown: of its stand-in where an image is a bad one.
    public let shown: [Int]
    /// Of what is really shown. nil: there are none.
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
  /// Behind the last image of all ranks.
  private let end: Int

  /// - Parameters:
  ///   - images: Those that are asked for, whole pieces of the data set; nil: all.
  ///   - onError: What happens where an image cannot be used.
  ///   - imageSize: Side of the images in pixels; nil: the data set's.
  public init(
    _ dataset: any ImageDataset, images: Range<Int>? = nil, onError: OnBadImage = .stop,
    imageSize: Int? = nil, pieceSize: Int, rank: Int = 0, worldSize: Int = 1
  ) {
    let images = images ?? 0..<dataset.count
    precondition(pieceSize > 0 && rank >= 0 && rank < worldSize)
    precondition(
      images.lowerBound % pieceSize == 0
        && (images.upperBound % pieceSize == 0 || images.upperBound == dataset.count), "whole pieces")
    reader = ImageReader(dataset, onError: onError)
    self.imageSize = imageSize ?? dataset.imageSize
    self.pieceSize = pieceSize
    let first = images.lowerBound / pieceSize
    let all = (images.count + pieceSize - 1) / pieceSize
    pieces = first + all * rank / worldSize..<first + all * (rank + 1) / worldSize
    end = images.upperBound
  }

  /// How many pieces this rank takes, perhaps 0.
  public var count: Int { pieces.count }

  /// The images of all of this rank's pieces.
  public var indices: Range<Int> {
    pieces.lowerBound * pieceSize..<min(pieces.upperBound * pieceSize, end)
  }

  /// Piece `number` of this rank. Any thread may ask.
  ///
  /// Images of another size than `imageSize` come in as torchvision's evaluation sees them: resized so
  /// that the shorter side has 8/7 of it, the middle cut out.
  public func piece(_ number: Int) throws -> Piece {
    let first = (pieces.lowerBound + number) * pieceSize
    let indices = first..<min(first + pieceSize, end)
    let size = imageSize
    let images = Tensor(rows: indices.count, channels: 3, height: size, width: size, lanes: 1)
    var shown: [Int] = []
    var skipped: [SkippedImage] = []
    for (row, index) in indices.enumerated() {
      let read = try reader.read(at: index) { (image: try $0.decoded(), index: $1) }
      shown.append(read.result.index)
      skipped += read.skipped
      var image = read.result.image
      if image.width != size || image.height != size {
        image = image.evaluationCrop(shorterSide: size * 8 / 7, side: size)
      }
      dataset.normalization.write(PlanarImage(image), to: images, row: row)
    }
    return Piece(
      indices: indices, shown: shown,
      labels: dataset.isLabelled ? shown.compactMap(dataset.label) : nil, images: images, skipped: skipped)
  }
}
