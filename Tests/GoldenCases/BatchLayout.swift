import Tensors

/// Which part of a batch a rank holds, and in which order its rows lie: [shard][view][image of the shard].
public struct BatchLayout: Sendable {
  public let views: Int
  /// Images of this rank, by their place in the batch.
  public let images: Range<Int>
  public let shardSize: Int

  /// - Parameter batch: Images of all ranks, which hold equally many.
  public init(batch: Int, views: Int, shardSize: Int, reducer: any ShardReducer) {
    let own = batch / reducer.worldSize
    images = reducer.rank * own..<(reducer.rank + 1) * own
    self.views = views
    self.shardSize = shardSize
  }

  public var rows: Int { images.count * views }

  /// View and place in the batch of a local row.
  public func place(ofRow row: Int) -> (view: Int, image: Int) {
    let (shard, rest) = row.quotientAndRemainder(dividingBy: views * shardSize)
    let (view, image) = rest.quotientAndRemainder(dividingBy: shardSize)
    return (view, images.lowerBound + shard * shardSize + image)
  }

  /// This rank's rows of tensors `[batch, …]`, one for each view.
  public func rows(_ views: [[Float]], width: Int) -> [Float] {
    (0..<rows).flatMap { row in
      let (view, image) = place(ofRow: row)
      return views[view][image * width..<(image + 1) * width]
    }
  }
}
