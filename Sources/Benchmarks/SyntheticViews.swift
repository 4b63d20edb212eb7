import Datasets
import Tensors

extension ViewBatch {
  /// Classes of synthetic views where nothing says how many.
  static let syntheticClassCount = 10

  /// Random views of unit variance, without any data: this rank's part of one global batch.
  ///
  /// A view depends on its image's number in the global batch only, never on ranks.
  ///
  /// - Parameter classes: How many its labels tell apart; nil: there are no labels.
  static func synthetic(
    views: Int, turns: Int = 1, size: Int, classes: Int? = nil, globalBatchSize: Int, shardSize: Int,
    rank: Int,
    worldSize: Int
  ) -> ViewBatch {
    let local = globalBatchSize / worldSize
    let layout = RowLayout(images: local, views: views, turns: turns, shardSize: shardSize)
    let indices = Array(rank * local..<(rank + 1) * local)
    var values: [Float] = []
    var view = [Float](repeating: 0, count: 3 * size * size)
    for row in 0..<layout.rows {
      let place = layout.place(ofRow: row)
      RandomDraws(seed: 0, purpose: .test, index: indices[place.image], view: place.viewAndTurn)
        .fillUniform(&view)
      values += view.map { ($0 - 0.5) * Float(12).squareRoot() }
    }
    let images = Tensor(
      rows: layout.rows, channels: 3, height: size, width: size, lanes: 1, values: values)
    return ViewBatch(
      epoch: 0, step: 0, indices: indices, images: images, layout: layout,
      imageCount: globalBatchSize, labels: classes.map { count in indices.map { $0 % count } })
  }
}
