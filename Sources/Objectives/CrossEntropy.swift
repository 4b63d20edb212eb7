import Foundation
import Layers
import Tensors

/// Mean over the global batch of −log softmax(logits)[target].
public enum CrossEntropy {
  /// - Parameters:
  ///   - logits: `[rows, classes]`.
  ///   - targets: The class of each local row.
  /// - Returns: The loss in nats, equal on each rank, and ∂L/∂logits.
  public static func lossAndGradient(
    _ logits: Tensor, targets: [Int], in pass: Pass
  ) throws -> (loss: Double, dlogits: Tensor) {
    precondition(targets.count == logits.rows, "one target for each row")
    let dlogits = logits.makeSimilar()
    let scale = 1 / Double(logits.rows * pass.reducer.worldSize)
    var losses = [Double](repeating: 0, count: logits.rows)
    for row in 0..<logits.rows {
      let (g, d) = (logits.row(row), dlogits.row(row))
      let largest = (0..<logits.channels).reduce(-Double.infinity) { max($0, Double(g[$1])) }
      let total = (0..<logits.channels).reduce(0.0) { $0 + exp(Double(g[$1]) - largest) }
      for c in 0..<logits.channels {
        d[c] = Float(scale * (exp(Double(g[c]) - largest) / total - (c == targets[row] ? 1 : 0)))
      }
      losses[row] = scale * (largest + log(total) - Double(g[targets[row]]))
    }
    return (try pass.sumOverBatch(losses), dlogits)
  }
}
