import Datasets
import Tensors

extension ViewBatch {
  /// Random views of unit variance, without any data: this rank's part of one global batch.
  ///
  /// A view depends on its image's number in the global batch only, never on ranks.
  static func synthetic(
    views: Int, size: Int, globalBatchSize: Int, shardSize: Int, rank: Int, worldSize: Int
  ) -> ViewBatch {
    let local = globalBatchSize / worldSize
    let indices = Array(rank * local..<(rank + 1) * local)
    let images = Tensor(rows: local * views, channels: 3, height: size, width: size, lanes: 1)
    let stride = images.rowStride
    for (position, index) in indices.enumerated() {
      for view in 0..<views {
        let row = (position / shardSize * views + view) * shardSize + position % shardSize
        let values = UnsafeMutableBufferPointer(start: images.pointer + row * stride, count: stride)
        RandomDraws(seed: 0, purpose: .test, index: index, view: view).fillUniform(values)
        for i in values.indices { values[i] = (values[i] - 0.5) * Float(12).squareRoot() }
      }
    }
    return ViewBatch(epoch: 0, step: 0, indices: indices, images: images)
  }
}
