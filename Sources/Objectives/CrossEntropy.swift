import Foundation
import Layers
import Tensors

/// Mean over the global batch of −log softmax(logits)[target].
///
/// With q = softmax(g) = exp(g − m)/Σ exp(g − m), m the row's largest logit so that nothing overflows, a row's loss is
/// m + log Σ exp(g − m) − g_target and its gradient q − [c = target].
public enum CrossEntropy {
  /// - Parameters:
  ///   - logits: `[rows, classes]`.
  ///   - targets: The class of each local row.
  /// - Returns: The loss in nats, equal on each rank, and ∂L/∂logits.
  public static func lossAndGradient(
    _ logits: Tensor, targets: [Int], in pass: Pass
  ) throws -> (loss: Double, dlogits: Tensor) {
    precondition(targets.count == logits.rows, "one target for each row")
    let scale = 1 / Double(logits.rows * pass.reducer.worldSize)
    var losses = [Double](repeating: 0, count: logits.rows)
    let values = logits.values
    var gradients = [Float](repeating: 0, count: values.count)
    let classes = logits.channels
    for row in 0..<logits.rows {
      let places = row * classes..<(row + 1) * classes
      let target = places.lowerBound + targets[row]
      let largest = places.reduce(-Double.infinity) { max($0, Double(values[$1])) }
      let total = places.reduce(0.0) { $0 + exp(Double(values[$1]) - largest) }
      for c in places {
        gradients[c] = Float(scale * (exp(Double(values[c]) - largest) / total - (c == target ? 1 : 0)))
      }
      losses[row] = scale * (largest + log(total) - Double(values[target]))
    }
    let dlogits = Tensor(rows: logits.rows, columns: classes, gradients)
    return (try pass.sumOverBatch(losses), dlogits)
  }
}
