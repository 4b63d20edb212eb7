import COpenBLAS
import CVector
import Foundation
import Layers
import Tensors

/// Normalised temperature-scaled cross entropy between two views of each image, over all ranks.
///
/// Source: Chen et al., "A Simple Framework for Contrastive Learning" (2020), Eq. 1. With unit rows z and
/// s_ik = z_i·z_k/τ over all 2N rows of the global batch: mean over anchors i of lse_i − s_ip, where
/// lse_i = log Σ_{k≠i} exp s_ik and p is i's other view.
///
/// Every rank computes its own anchors' rows against all embeddings (memory: local × global batch) and the
/// true gradient of the global mean for its own embeddings, which needs nothing else than everybody's lse:
/// ∂L/∂z_i = 1/(2Nτ) · [Σ_k (exp(s_ik − lse_i) + exp(s_ik − lse_k))·z_k − 2·z_p].
public struct NTXent: Sendable {
  /// τ > 0.
  public let temperature: Double

  public init(temperature: Double) {
    precondition(temperature > 0, "the temperature is above 0")
    self.temperature = temperature
  }

  /// - Parameter z: Projections `[rows, D]` of two views in the pass's row order. Any scale: normalised here.
  /// - Returns: The loss in nats, equal on each rank (identical rows: log(2N − 1)), and ∂L/∂z.
  public func lossAndGradient(_ z: Tensor, in pass: Pass) throws -> (loss: Double, dz: Tensor) {
    precondition(pass.views == 2, "NT-Xent compares two views")
    let dimension = z.channels
    let all = z.rows * pass.reducer.worldSize
    let first = z.rows * pass.reducer.rank
    let own = try UnitRows(z, in: pass)
    let gathered = try pass.reducer.gather(own.units)

    // Similarities s_ik, log-sum-exps and the share of row i's probability that its positive lacks.
    let similarity = Tensor(rows: z.rows, columns: all)
    let logSumExp = Tensor(rows: z.rows, columns: 1)
    let deficit = Tensor(rows: z.rows, columns: 1)
    var losses = [Double](repeating: 0, count: z.rows)
    try losses.withUnsafeMutableBufferPointer { losses in
      nonisolated(unsafe) let losses = losses  // shards write to disjoint rows
      try pass.forEachShard { shard in
        let rows = pass.rows(ofShard: shard)
        openblas_sgemm(
          0, 1, Int32(rows.count), Int32(all), Int32(dimension), Float(1 / temperature),
          own.units.row(rows.lowerBound), Int32(dimension), gathered.pointer, Int32(dimension), 0,
          similarity.row(rows.lowerBound), Int32(all))
        for row in rows {
          let s = similarity.row(row)
          let positive = first + pass.layout.partner(ofRow: row)
          let toPositive = s[positive]
          s[first + row] = -.infinity  // nothing is compared with itself
          let largest = vector_max(all, s)
          s[positive] = -.infinity
          let others = vector_sum_exp(all, s, largest)
          s[positive] = toPositive
          let total = others + exp(Double(toPositive) - Double(largest))
          let lse = Double(largest) + log(total)
          logSumExp.row(row)[0] = Float(lse)
          deficit.row(row)[0] = Float(others / total)
          losses[row] = lse - Double(toPositive)
        }
      }
    }
    let loss = try pass.sumOverBatch(losses) / Double(all)

    let everyLogSumExp = try pass.reducer.gather(logSumExp)

    // The coefficients of ∂L/∂z_i replace the similarities, then multiply all rows at once.
    let dz = z.makeSimilar()
    let dunits = z.makeSimilar()
    let scale = 1 / (Double(all) * temperature)
    try pass.forEachShard { shard in
      let rows = pass.rows(ofShard: shard)
      for row in rows {
        let s = similarity.row(row)
        let partner = pass.layout.partner(ofRow: row)
        vector_mutual_softmax(all, s, logSumExp.row(row)[0], everyLogSumExp.pointer, Float(scale))
        // p_ip + p_pi − 2 without the cancellation.
        s[first + partner] = Float(-scale * (Double(deficit.row(row)[0]) + Double(deficit.row(partner)[0])))
      }
      openblas_sgemm(
        0, 0, Int32(rows.count), Int32(dimension), Int32(all), 1, similarity.row(rows.lowerBound),
        Int32(all), gathered.pointer, Int32(dimension), 0, dunits.row(rows.lowerBound), Int32(dimension))
      for row in rows { own.backward(row: row, dunits.row(row), into: dz.row(row)) }
    }
    return (loss, dz)
  }
}
