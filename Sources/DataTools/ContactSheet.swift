import Datasets
import Images
import Tensors

/// Views to look at: a row a picture, first as evaluation sees it, then as training does, two views for each of the
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
  /// - Throws: `DatasetError` where pictures cannot be used, and their neighbours neither.
  public init(
    of dataset: any ImageDataset, augmentation: AugmentationConfiguration, seed: UInt64, pool: WorkerPool
  ) throws {
    let tile = min(augmentation.size, Self.largestTile)
    let rows = min(Self.rows, dataset.count)
    var canvas = Canvas(
      width: Self.gap + tile + Self.epochs * (Self.gap + 2 * tile + Self.narrowGap) + Self.gap,
      height: Self.gap + rows * (tile + Self.gap))
    var views = [[RGBImage]](repeating: [], count: rows)
    try views.withUnsafeMutableBufferPointer { views in
      nonisolated(unsafe) let views = views  // each thread fills places of its own
      try pool.run(rows) { row in
        views[row] = try Self.views(
          ofPicture: row * dataset.count / rows, of: dataset, augmentation: augmentation, seed: seed)
      }
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

  /// What evaluation sees of a picture, then what training does; of its stand-in's where it is a bad one.
  private static func views(
    ofPicture index: Int, of dataset: any ImageDataset, augmentation: AugmentationConfiguration, seed: UInt64
  ) throws -> [RGBImage] {
    let size = augmentation.size
    let evaluation = try EvaluationBatches(dataset, onError: .skip, imageSize: size, pieceSize: 1).piece(
      index)
    let training = Tensor(rows: 2 * epochs, channels: 3, height: size, width: size, lanes: 1)
    _ = try PictureReader(dataset, onError: .skip).read(at: index) { picture, _ in
      let decided = (0..<2 * epochs).map { number in
        AugmentationParameters(
          drawnFor: augmentation, width: picture.width, height: picture.height,
          draws: RandomDraws(
            seed: seed, purpose: .augmentation, index: index, epoch: number / 2, view: number % 2))
      }
      try AugmentationParameters.apply(
        decided, to: picture, size: size, interpolation: augmentation.interpolation,
        normalization: dataset.normalization
      ) { number in
        UnsafeMutableBufferPointer(
          start: training.pointer + number * training.rowStride, count: training.rowStride)
      }
    }
    return [evaluation.images, training].flatMap { images in
      (0..<images.rows).map { number in
        let planes = UnsafeMutableBufferPointer(
          start: images.pointer + number * images.rowStride, count: images.rowStride)
        return dataset.normalization.image(of: UnsafeBufferPointer(planes), side: size)
      }
    }
  }
}

/// A white picture to draw on.
private struct Canvas {
  private let width: Int
  private let height: Int
  private var pixels: [UInt8]

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    pixels = [UInt8](repeating: 255, count: 3 * width * height)
  }

  var image: RGBImage { RGBImage(width: width, height: height, pixels: pixels) }

  mutating func draw(_ image: RGBImage, left: Int, top: Int) {
    for y in 0..<image.height {
      let start = 3 * ((top + y) * width + left)
      pixels.replaceSubrange(
        start..<start + 3 * image.width, with: image.pixels[3 * image.width * y..<3 * image.width * (y + 1)])
    }
  }
}

extension Normalization {
  /// The picture that was written as these planes, exactly: bytes lie much farther apart than rounding errors.
  ///
  /// - Parameter planes: `3 · side · side` numbers (CHW).
  fileprivate func image(of planes: UnsafeBufferPointer<Float>, side: Int) -> RGBImage {
    let count = side * side
    let pixels = (0..<3 * count).map { place in
      let channel = place % 3
      let share = planes[channel * count + place / 3] * deviation[channel] + mean[channel]
      return UInt8(max(0, min(255, (share * 255).rounded())))
    }
    return RGBImage(width: side, height: side, pixels: pixels)
  }
}
