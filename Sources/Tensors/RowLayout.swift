/// Where the rows of a batch lie: `[shard][view][turn][image of the shard]`.
///
/// A shard is `shardSize` consecutive images of the global batch with all their views side by side; every kernel works
/// on one shard, and every sum over the batch is taken per shard (contract C1). A view's images of a shard are
/// consecutive rows: batch norm sees one view at a time. All turns of a view are one batch to it, or else it would take
/// out of each turn what tells it from the others.
///
/// In several micro-batches, a layout describes one of them. The shards of the global batch form runs as long as there
/// are micro-batches, and micro-batch m takes shard m of every run. So what it holds does not depend on the number of
/// ranks, each of which has whole runs; and as shards are added along `ShardTree` first inside a run, sums have the
/// same bits as without micro-batches if their number is a power of two.
public struct RowLayout: Hashable, Sendable {
  /// Which of how many parts of a batch.
  public struct MicroBatch: Hashable, Sendable {
    public let number: Int
    public let count: Int

    public var isLast: Bool { number == count - 1 }
  }

  /// An image of the local batch, counted over all micro-batches, as one turn of one view shows it.
  public struct Place: Hashable, Sendable {
    public let image: Int
    public let view: Int
    /// Quarter turns.
    public let turn: Int

    public init(image: Int, view: Int, turn: Int = 0) {
      self.image = image
      self.view = view
      self.turn = turn
    }

    /// For random draws, another number below 256 for every view and turn: the view's where nothing is turned.
    public var viewAndTurn: Int { turn * RowLayout.largestViewCount + view }
  }

  /// The most views and turns of an image.
  static let largestViewCount = 64
  static let largestTurnCount = 4

  /// Local images that have rows here.
  public let images: Int
  public let views: Int
  /// Rows that each view of an image has: itself, then turned by one quarter, by two, ….
  public let turns: Int
  /// Images of a shard; the last one has fewer if they do not divide `images`.
  public let shardSize: Int
  /// Number 0 of 1 where the batch is taken whole.
  public let microBatch: MicroBatch

  public init(images: Int, views: Int, turns: Int = 1, shardSize: Int) {
    self.init(
      images: images, views: views, turns: turns, shardSize: shardSize,
      microBatch: MicroBatch(number: 0, count: 1))
  }

  private init(images: Int, views: Int, turns: Int, shardSize: Int, microBatch: MicroBatch) {
    precondition(images >= 0 && views > 0 && turns > 0 && shardSize > 0)
    precondition(views <= Self.largestViewCount && turns <= Self.largestTurnCount)
    self.images = images
    self.views = views
    self.turns = turns
    self.shardSize = shardSize
    self.microBatch = microBatch
  }

  public var rowsPerImage: Int { views * turns }
  public var rows: Int { images * rowsPerImage }
  public var shards: Int { (images + shardSize - 1) / shardSize }
  /// Whether no shard is shorter than the others.
  public var hasWholeShards: Bool { images % shardSize == 0 }

  /// The rows of a shard, all views.
  public func rows(ofShard shard: Int) -> Range<Int> {
    let first = shard * shardSize
    return first * rowsPerImage..<min(first + shardSize, images) * rowsPerImage
  }

  /// The rows of one view of a shard, all turns.
  public func rows(ofShard shard: Int, view: Int) -> Range<Int> {
    let all = rows(ofShard: shard)
    let share = all.count / views
    return all.lowerBound + view * share..<all.lowerBound + (view + 1) * share
  }

  /// The rows of a shard that show views as they are, not turned: one run, or one for each view where there are turns.
  public func uprightRows(ofShard shard: Int) -> [Range<Int>] {
    guard turns > 1 else { return [rows(ofShard: shard)] }
    return (0..<views).map { view in
      let rows = rows(ofShard: shard, view: view)
      return rows.lowerBound..<rows.lowerBound + rows.count / turns
    }
  }

  /// What a row shows.
  public func place(ofRow row: Int) -> Place {
    let (shard, inShard) = row.quotientAndRemainder(dividingBy: rowsPerImage * shardSize)
    let (number, image) = inShard.quotientAndRemainder(dividingBy: rows(ofShard: shard).count / rowsPerImage)
    return Place(
      image: shardOfBatch(shard) * shardSize + image, view: number / turns, turn: number % turns)
  }

  /// The view that a row shows.
  public func view(ofRow row: Int) -> Int { place(ofRow: row).view }

  /// What is known of each local image, for each row that shows it.
  public func byRow<Value>(_ images: [Value]) -> [Value] { (0..<rows).map { images[place(ofRow: $0).image] } }

  /// The row that shows this place, which must have one here.
  public func row(of place: Place) -> Int {
    let (shardOfBatch, image) = place.image.quotientAndRemainder(dividingBy: shardSize)
    precondition(
      shardOfBatch % microBatch.count == microBatch.number, "image \(place.image) is in another micro-batch")
    let view = rows(ofShard: shardOfBatch / microBatch.count, view: place.view)
    return view.lowerBound + place.turn * (view.count / turns) + image
  }

  /// The row that shows the same image in the other of two views.
  public func partner(ofRow row: Int) -> Int {
    precondition(views == 2 && turns == 1, "\(views) views in \(turns) turns do not make pairs")
    let share = rows(ofShard: row / (2 * shardSize)).count / 2
    return view(ofRow: row) == 0 ? row + share : row - share
  }

  // MARK: Micro-batches

  /// This batch in `count` parts, which divides its shards.
  public func microBatches(_ count: Int) -> [RowLayout] {
    precondition(microBatch.count == 1, "a micro-batch is not divided again")
    precondition(
      count > 0 && hasWholeShards && shards % count == 0, "\(shards) shards in \(count) micro-batches")
    return (0..<count).map {
      RowLayout(
        images: images / count, views: views, turns: turns, shardSize: shardSize,
        microBatch: MicroBatch(number: $0, count: count))
    }
  }

  /// Which shard of the whole local batch a shard is.
  public func shardOfBatch(_ shard: Int) -> Int { shard * microBatch.count + microBatch.number }

  /// The rows that this micro-batch holds of a tensor of the whole local batch.
  public func part(of batch: Tensor) -> Tensor {
    let part = Tensor(
      rows: rows, channels: batch.channels, height: batch.height, width: batch.width, lanes: batch.lanes)
    forEachShardOfBatch { own, first in
      part.copyRows(first..<first + own.count, of: batch, to: own.lowerBound)
    }
    return part
  }

  /// Puts the rows of this micro-batch where they are in a tensor of the whole local batch.
  public func put(_ part: Tensor, into batch: Tensor) {
    forEachShardOfBatch { own, first in batch.copyRows(own, of: part, to: first) }
  }

  private func forEachShardOfBatch(_ body: (_ own: Range<Int>, _ firstOfBatch: Int) -> Void) {
    for shard in 0..<shards { body(rows(ofShard: shard), shardOfBatch(shard) * rowsPerImage * shardSize) }
  }
}
