import Layers
import Tensors

/// Rows divided by their 2-norms, with what the derivative needs.
struct UnitRows {
  /// x / max(‖x‖₂, 1e-12), `[rows, columns]`.
  let units: Tensor
  private let norms: [Double]

  init(_ x: Tensor, in pass: Pass) throws {
    let units = x.makeSimilar()
    var norms = [Double](repeating: 0, count: x.images)
    try norms.withUnsafeMutableBufferPointer { norms in
      nonisolated(unsafe) let norms = norms  // shards write to disjoint rows
      try pass.forEachShard { shard in
        for row in pass.rows(ofShard: shard) {
          let (source, target) = (x.row(row), units.row(row))
          var squares = 0.0
          for j in 0..<x.channels { squares += Double(source[j]) * Double(source[j]) }
          norms[row] = max(squares.squareRoot(), 1e-12)
          for j in 0..<x.channels { target[j] = Float(Double(source[j]) / norms[row]) }
        }
      }
    }
    self.units = units
    self.norms = norms
  }

  /// ∂L/∂x of one row, given g = ∂L/∂unit row: (g − (g·u)·u) / ‖x‖, written to `dx`.
  func backward(row: Int, _ g: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>) {
    let u = units.row(row)
    var along = 0.0
    for j in 0..<units.channels { along += Double(g[j]) * Double(u[j]) }
    for j in 0..<units.channels { dx[j] = Float((Double(g[j]) - along * Double(u[j])) / norms[row]) }
  }
}

extension Pass {
  /// The row that shows the same image in the other of two views.
  func partner(ofRow row: Int) -> Int { view(ofRow: row) == 0 ? row + shardSize : row - shardSize }

  /// The sum over the global batch of what every local row contributes.
  func sumOverBatch(_ contribution: [Double]) throws -> Double {
    let rows = (0..<shards).map { shard in self.rows(ofShard: shard).reduce(0) { $0 + contribution[$1] } }
    return try reducer.sum(rows, leaves: shards, width: 1)[0]
  }
}
