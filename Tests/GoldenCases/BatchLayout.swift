import Tensors

/// Which part of a batch a rank holds.
public struct BatchLayout: Sendable {
  /// Images of this rank, by their place in the batch.
  public let images: Range<Int>
  /// Where their rows lie.
  public let local: RowLayout

  /// - Parameter batch: Images of all ranks, which hold equally many.
  public init(batch: Int, views: Int, turns: Int = 1, shardSize: Int, reducer: any ShardReducer) {
    let own = batch / reducer.worldSize
    images = reducer.rank * own..<(reducer.rank + 1) * own
    local = RowLayout(images: own, views: views, turns: turns, shardSize: shardSize)
  }

  /// A class for each local image: that of its place, in turn.
  public func labels(classes: Int) -> [Int] { images.map { $0 % classes } }

  /// View, turn and place in the batch of a local row.
  public func place(ofRow row: Int) -> RowLayout.Place {
    let place = local.place(ofRow: row)
    return .init(image: images.lowerBound + place.image, view: place.view, turn: place.turn)
  }

  /// This rank's rows of tensors `[batch, …]`, one for each turn of each view.
  public func rows(_ views: [[Float]], width: Int) -> [Float] {
    (0..<local.rows).flatMap { row in
      let place = place(ofRow: row)
      return views[place.view * local.turns + place.turn][place.image * width..<(place.image + 1) * width]
    }
  }
}
