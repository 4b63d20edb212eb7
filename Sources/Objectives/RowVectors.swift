import CVector
import Layers
import Tensors

/// Rows divided by their 2-norms, with what the derivative needs.
///
/// With u = x/n and n = ‖x‖₂, ∂n/∂x_i = u_i and ∂u_j/∂x_i = (δ_ij − u_i·u_j)/n: the part of a gradient along u has no
/// effect, and the rest is divided by n (docs/derivations.md, "Unit rows").
struct UnitRows {
  /// x / max(‖x‖₂, 1e-12), `[rows, columns]`.
  let units: Tensor
  private let norms: [Double]

  init(_ x: Tensor, in pass: Pass) throws {
    let units = x.makeSimilar()
    var norms = [Double](repeating: 0, count: x.rows)
    try norms.withUnsafeMutableBufferPointer { norms in
      nonisolated(unsafe) let norms = norms  // shards write to disjoint rows
      try pass.forEachShard { shard in
        for row in pass.rows(ofShard: shard) {
          norms[row] = max(vector_norm(x.channels, x.row(row)), 1e-12)
          vector_scale(x.channels, 1 / norms[row], x.row(row), units.row(row))
        }
      }
    }
    self.units = units
    self.norms = norms
  }

  /// ∂L/∂x of one row, given ∂L/∂unit row = scale·g: scale·(g − (g·u)·u) / ‖x‖, written to `dx`.
  func backward(
    row: Int, _ g: UnsafePointer<Float>, scale: Double = 1, into dx: UnsafeMutablePointer<Float>
  ) {
    let u = units.row(row)
    let factor = scale / norms[row]
    vector_combine(units.channels, factor, g, -factor * vector_dot(units.channels, g, u), u, dx)
  }
}

extension Pass {
  /// The sum over the global batch of what every local row contributes.
  func sumOverBatch(_ contribution: [Double]) throws -> Double {
    let rows = (0..<shards).map { shard in self.rows(ofShard: shard).reduce(0) { $0 + contribution[$1] } }
    return try reducer.sum(rows, leaves: shards, width: 1)[0]
  }
}
