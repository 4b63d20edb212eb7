import CVector
import Layers
import Tensors

/// SimSiam's loss: −½·mean cos(p₁, sg z₂) − ½·mean cos(p₂, sg z₁) over the global batch.
///
/// Source: Chen & He, "Exploring Simple Siamese Representation Learning" (2021), Eq. 1 and 2. The targets z
/// are constants (stop-gradient), so there is a gradient for p alone.
///
/// With N images and unit rows p̂ and ẑ, a row contributes −p̂·ẑ′/(2N), where ′ is the same image's other view. So
/// ∂L/∂p̂ = −ẑ′/(2N), which `UnitRows` takes on to p.
public enum NegativeCosine {
  /// - Parameters:
  ///   - p: Predictions `[rows, D]` of two views in the pass's row order.
  ///   - z: Projections, likewise.
  /// - Returns: The loss in [−1, 1], equal on each rank, and ∂L/∂p.
  public static func lossAndGradient(
    predictions p: Tensor, targets z: Tensor, in pass: Pass
  ) throws -> (loss: Double, dp: Tensor) {
    precondition(pass.views == 2, "SimSiam compares two views")
    let predictions = try UnitRows(p, in: pass)
    let targets = try UnitRows(z, in: pass)
    let dp = p.makeSimilar()
    let scale = -0.5 / Double(pass.globalRowsOfView)
    var losses = [Double](repeating: 0, count: p.rows)
    try losses.withUnsafeMutableBufferPointer { losses in
      nonisolated(unsafe) let losses = losses  // shards write to disjoint rows
      try pass.forEachShard { shard in
        for row in pass.rows(ofShard: shard) {
          let target = targets.units.row(pass.layout.partner(ofRow: row))
          losses[row] = scale * vector_dot(p.channels, predictions.units.row(row), target)
          predictions.backward(row: row, target, scale: scale, into: dp.row(row))
        }
      }
    }
    return (try pass.sumOverBatch(losses), dp)
  }
}
