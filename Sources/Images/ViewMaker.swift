import Tensors

/// Makes the augmented views of a data set's images and turns them, and alone says which random numbers decide them.
///
/// View v of image i in epoch e depends on (seed, i, e, v) and on the image's pixels, and on nothing else: neither on
/// the other views nor on ranks, threads or time (contracts C1 and C3).
public struct ViewMaker: Sendable {
  public let augmentation: AugmentationConfiguration
  /// Of the data set.
  public let normalization: Normalization
  /// How many views an image has in an epoch.
  public let count: Int
  /// How many quarter turns of each view there are, the view itself included.
  public let turns: Int
  public let seed: UInt64

  public init(
    _ augmentation: AugmentationConfiguration, normalization: Normalization, count: Int, turns: Int = 1,
    seed: UInt64
  ) {
    precondition(count > 0 && turns > 0)
    self.augmentation = augmentation
    self.normalization = normalization
    self.count = count
    self.turns = turns
    self.seed = seed
  }

  /// Room for the views of so many images: `[images × count × turns, 3, size, size]`, NCHW (one lane).
  public func makeRoom(images: Int) -> Tensor {
    Tensor(
      rows: images * count * turns, channels: 3, height: augmentation.size, width: augmentation.size,
      lanes: 1)
  }

  /// The views of an image in an epoch, a row for each turn, normalised.
  ///
  /// - Parameters:
  ///   - index: The number that decides the draws: the image's in the data set, or, of a stand-in, that of the image
  ///     that it stands in for.
  ///   - clock: Is told where the time goes.
  public func views(
    of image: StoredImage, index: Int, epoch: Int, clock: ViewClock? = nil
  ) throws(ImageError) -> Tensor {
    let views = makeRoom(images: 1)
    try write(viewsOf: image, index: index, epoch: epoch, clock: clock, to: views) { view, turn in
      view * turns + turn
    }
    return views
  }

  /// As `views(of:index:epoch:)`, into rows of a larger tensor. Different threads may write to different rows.
  ///
  /// - Parameter row: Where a turn of a view goes.
  public func write(
    viewsOf image: StoredImage, index: Int, epoch: Int, clock: ViewClock? = nil, to batch: Tensor,
    row: (_ view: Int, _ turn: Int) -> Int
  ) throws(ImageError) {
    let decided = (0..<count).map { view in
      AugmentationParameters(
        drawnFor: augmentation, width: image.width, height: image.height,
        draws: RandomDraws(seed: seed, purpose: .augmentation, index: index, epoch: epoch, view: view))
    }
    try AugmentationParameters.apply(
      decided, to: image, size: augmentation.size, interpolation: augmentation.interpolation,
      normalization: normalization, clock: clock, into: batch, row: { row($0, 0) })
    for view in 0..<count {
      for turn in 1..<turns { batch.turn(row: row(view, 0), by: turn, to: row(view, turn)) }
    }
  }
}
