import CVector
import Tensors

/// Mean over the pixels of each channel: `[rows, C, H, W]` to a matrix `[rows, C]`.
public enum GlobalAveragePool {
  public static func forward(_ x: Tensor, in pass: Pass) throws -> Tensor {
    let y = Tensor(rows: x.images, columns: x.channels)
    try pass.forEachShard(timed: .elementwise) { shard in
      let rows = pass.rows(ofShard: shard)
      vector_plane_means(
        x.map(rows.count), Int32(x.channels), x.row(rows.lowerBound), y.row(rows.lowerBound))
    }
    return y
  }

  /// Spreads `dy` over the pixels of a map like `x`.
  public static func backward(_ dy: Tensor, input x: Tensor, in pass: Pass) throws -> Tensor {
    let dx = x.makeSimilar()
    try spread(dy, into: dx, accumulate: false, in: pass)
    return dx
  }

  /// Adds the gradient of the pooled numbers to that of the map they were pooled from.
  package static func addBackward(_ dy: Tensor, to dx: Tensor, in pass: Pass) throws {
    try spread(dy, into: dx, accumulate: true, in: pass)
  }

  private static func spread(
    _ dy: Tensor, into dx: Tensor, accumulate: Bool, in pass: Pass
  ) throws {
    try pass.forEachShard(timed: .elementwise) { shard in
      let rows = pass.rows(ofShard: shard)
      vector_plane_means_backward(
        dx.map(rows.count), Int32(dx.channels), dy.row(rows.lowerBound), accumulate ? 1 : 0,
        dx.row(rows.lowerBound))
    }
  }
}

/// 3×3 maximum, stride 2, padding 1 that never wins; among equals the first in row-major order wins.
public enum MaxPool {
  /// The maxima, and for each the position 0 ..< 9 of the winner inside its window.
  public struct Output {
    public let maxima: Tensor
    public let winners: [UInt8]
  }

  public static func forward(_ x: Tensor, in pass: Pass) throws -> Output {
    let y = Tensor(
      images: x.images, channels: x.channels, height: (x.height - 1) / 2 + 1, width: (x.width - 1) / 2 + 1,
      lanes: x.lanes)
    var winners = [UInt8](repeating: 0, count: y.count)
    try winners.withUnsafeMutableBufferPointer { winners in
      nonisolated(unsafe) let base = winners.baseAddress!  // shards write to disjoint rows
      try pass.forEachShard(timed: .elementwise) { shard in
        let rows = pass.rows(ofShard: shard)
        vector_max_pool(
          x.map(rows.count), Int32(x.height), Int32(x.width), x.row(rows.lowerBound),
          y.row(rows.lowerBound), base + rows.lowerBound * y.imageStride)
      }
    }
    return Output(maxima: y, winners: winners)
  }

  /// The gradient goes to each window's winner alone and adds up where windows overlap.
  public static func backward(
    _ dy: Tensor, input x: Tensor, winners: [UInt8], in pass: Pass
  ) throws -> Tensor {
    let dx = x.makeSimilar()
    try winners.withUnsafeBufferPointer { winners in
      nonisolated(unsafe) let base = winners.baseAddress!
      try pass.forEachShard(timed: .elementwise) { shard in
        let rows = pass.rows(ofShard: shard)
        vector_max_pool_backward(
          x.map(rows.count), Int32(x.height), Int32(x.width), dy.row(rows.lowerBound),
          base + rows.lowerBound * dy.imageStride, dx.row(rows.lowerBound))
      }
    }
    return dx
  }
}

/// The gradient before a ReLU whose output was `y`: dy where y > 0, else 0.
package func reluBackward(_ dy: Tensor, output y: Tensor, in pass: Pass) throws -> Tensor {
  let dx = dy.makeSimilar()
  try pass.forEachShard(timed: .elementwise) { shard in
    let rows = pass.rows(ofShard: shard)
    vector_relu_backward(
      rows.count * y.imageStride, y.row(rows.lowerBound), dy.row(rows.lowerBound), dx.row(rows.lowerBound))
  }
  return dx
}

/// a += b.
package func accumulate(_ b: Tensor, into a: Tensor, in pass: Pass) throws {
  try pass.forEachShard(timed: .elementwise) { shard in
    let rows = pass.rows(ofShard: shard)
    vector_add(rows.count * a.imageStride, a.row(rows.lowerBound), b.row(rows.lowerBound))
  }
}
