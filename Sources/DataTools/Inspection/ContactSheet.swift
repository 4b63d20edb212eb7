import Datasets
import Images
import Tensors

/// Views to look at: a row an image, first as evaluation sees it, then as training does, two views for each of the
/// first epochs. A function of the data, the augmentation and the seed.
public struct ContactSheet: Sendable {
  public static let rows = 8
  public static let epochs = 4
  /// Tiles are made smaller than views to be no larger than this, in pixels.
  static let largestTile = 128
  /// Between two views of an epoch, in pixels, and around pairs of them.
  static let (narrowGap, gap) = (2, 8)

  public let image: RGBImage

  /// - Parameters:
  ///   - augmentation: How views are made; `size` is that of the network's input.
  ///   - seed: Of the run whose views these are.
  /// - Throws: `DatasetError` where images cannot be used, and their neighbours neither.
  public init(
    of dataset: any ImageDataset, augmentation: AugmentationConfiguration, seed: UInt64, pool: WorkerPool
  ) throws {
    let tile = min(augmentation.size, Self.largestTile)
    let rows = min(Self.rows, dataset.count)
    var canvas = ImageCanvas(
      width: Self.gap + tile + Self.epochs * (Self.gap + 2 * tile + Self.narrowGap) + Self.gap,
      height: Self.gap + rows * (tile + Self.gap))
    let maker = ViewMaker(augmentation, normalization: dataset.normalization, count: 2, seed: seed)
    let views = try pool.map(rows) { row in
      try Self.views(ofImage: row * dataset.count / rows, of: dataset, maker)
    }
    for (row, views) in views.enumerated() {
      var left = Self.gap
      for (column, view) in views.enumerated() {
        let small =
          view.width == tile
          ? view : view.resizedCrop(view.bounds, width: tile, height: tile, interpolation: .bicubic)
        canvas.draw(small, left: left, top: Self.gap + row * (tile + Self.gap))
        left += tile + (column % 2 == 1 ? Self.narrowGap : Self.gap)
      }
    }
    image = canvas.image
  }

  /// What evaluation sees of an image, then what training does; of its stand-in's where it is a bad one.
  private static func views(
    ofImage index: Int, of dataset: any ImageDataset, _ maker: ViewMaker
  ) throws -> [RGBImage] {
    let size = maker.augmentation.size
    let evaluation = try EvaluationBatches(dataset, onError: .skip, imageSize: size, pieceSize: 1).piece(
      index)
    let training = try ImageReader(dataset, onError: .skip).read(at: index) { image, _ in
      try (0..<epochs).map { try maker.views(of: image, index: index, epoch: $0) }
    }.result
    return ([evaluation.images] + training).flatMap { tensor in
      (0..<tensor.rows).map { dataset.normalization.image(ofRow: $0, of: tensor) }
    }
  }
}
