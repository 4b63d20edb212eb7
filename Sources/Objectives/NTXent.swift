import CVector
import Foundation
import Layers
import Tensors

/// Normalised temperature-scaled cross entropy between two views of each image, over all ranks.
///
/// Source: Chen et al., "A Simple Framework for Contrastive Learning" (2020), Eq. 1. With unit rows z, the n = 2N rows
/// of the global batch, s_ik = z_i·z_k/τ and p the row of i's other view:
///
///     L = 1/n Σ_i (lse_i − s_ip),   lse_i = log Σ_{k≠i} exp s_ik
///
/// **Gradient.** Let q_ik = exp(s_ik − lse_i) be the softmax of row i without its diagonal. Then ∂L/∂s_ik =
/// (q_ik − [k = p])/n. Now z_i is in s_ik as an anchor and in s_ki as what k is compared with, and i is the other view
/// of k exactly if k is that of i. With s_ki = s_ik:
///
///     ∂L/∂z_i = 1/(nτ) Σ_{k≠i} c_ik z_k,   c_ik = q_ik + q_ki − 2·[k = p],   q_ki = exp(s_ik − lse_k)
///
/// So a rank that holds the rows i needs everybody's z and lse and nothing else of other ranks: it computes its own
/// anchors' rows of s (memory: local × global batch) and gets the true gradient of the global mean.
///
/// **The positive's coefficient.** As training separates the images, q_ip and q_pi go to 1 and c_ip to 0, and
/// q_ip + q_pi − 2 would leave of it the rounding of q, 2⁻²⁴. With the others' sum r_i = Σ_{k≠i,p} exp s_ik, what
/// q_ip lacks of 1 is d_i = r_i / (r_i + exp s_ip): sums and a quotient of positive numbers, which keep their relative
/// precision. c_ip = −(d_i + d_p).
///
/// **Range.** All exponentials are taken relative to the row's largest similarity, so that none overflows and their
/// sum is between 1 and n: its logarithm is never that of 0. The diagonal is −∞, so that it adds exp(−∞) = 0 to the sum
/// and gets c_ii = 0 without a special case.
///
/// **Precision.** Sums of exponentials and the loss are double. lse is rounded to single, which moves all q of a row by
/// the same factor of at most 1 ± |lse|·2⁻²⁴. As |lse| is about 1/τ, a smaller τ than `smallestTemperature` would leave
/// little of q, and in the end 1/τ is beyond single.
public struct NTXent: Sendable {
  /// The smallest τ, at which the rounding of lse moves q by up to 6·10⁻⁴ of its value.
  public static let smallestTemperature = 0.0001

  /// τ, at least `smallestTemperature`.
  public let temperature: Double

  public init(temperature: Double) {
    precondition(temperature >= Self.smallestTemperature, "single precision does not hold 1 / \(temperature)")
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

    // Similarities s_ik, log-sum-exps and d_i.
    let similarity = Tensor(rows: z.rows, columns: all)
    let logSumExp = Tensor(rows: z.rows, columns: 1)
    let deficit = Tensor(rows: z.rows, columns: 1)
    var losses = [Double](repeating: 0, count: z.rows)
    do {  // where a copy of all embeddings lives no longer than it has to
      let transpose = PackedMatrix(transposing: gathered.pointer, rows: dimension, columns: all)
      try losses.withUnsafeMutableBufferPointer { losses in
        nonisolated(unsafe) let losses = losses  // shards write to disjoint rows
        try pass.forEachShard { shard in
          let rows = pass.rows(ofShard: shard)
          let products = similarity.row(rows.lowerBound)
          transpose.multiply(own.units.row(rows.lowerBound), rows: rows.count, into: products)
          vector_scale(rows.count * all, 1 / temperature, products, products)
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
    }
    let loss = try pass.sumOverBatch(losses) / Double(all)

    let everyLogSumExp = try pass.reducer.gather(logSumExp)

    // The coefficients of ∂L/∂z_i replace the similarities, then multiply all rows at once.
    let dz = z.makeSimilar()
    let dunits = z.makeSimilar()
    let scale = 1 / (Double(all) * temperature)
    let units = PackedMatrix(gathered.pointer, rows: all, columns: dimension)
    try pass.forEachShard { shard in
      let rows = pass.rows(ofShard: shard)
      for row in rows {
        let s = similarity.row(row)
        let partner = pass.layout.partner(ofRow: row)
        vector_mutual_softmax(all, s, logSumExp.row(row)[0], everyLogSumExp.pointer, Float(scale))
        // c_ip, without the cancellation.
        s[first + partner] = Float(-scale * (Double(deficit.row(row)[0]) + Double(deficit.row(partner)[0])))
      }
      units.multiply(similarity.row(rows.lowerBound), rows: rows.count, into: dunits.row(rows.lowerBound))
      for row in rows { own.backward(row: row, dunits.row(row), into: dz.row(row)) }
    }
    return (loss, dz)
  }
}
