import Layers
import Networks
import Tensors

/// Telling classes apart: a linear classifier on the features, and cross-entropy (`CrossEntropy`) with the class of
/// each row.
final class Classification: Objective {
  /// One linear layer with bias: logits `[rows, classes]`.
  private let classifier: MLP
  private let targets: (StepBatch) -> [Int]

  /// - Parameter targets: The class of each row of a batch, below `classes`.
  init(classes: Int, featureCount: Int, targets: @escaping (StepBatch) -> [Int]) {
    classifier = MLP("classifier", inFeatures: featureCount, [.init(outFeatures: classes, bias: .learned)])
    self.targets = targets
  }

  /// The floats that the loss holds: the logits and their gradient as arrays.
  static func workingFloats(rows: Int, classes: Int) -> Double { 2 * Double(rows) * Double(classes) }

  var heads: [MLP] { [classifier] }
  var constantRateParameters: [Parameter] { [] }

  func forward(_ features: Tensor, in pass: Pass) throws -> Embeddings {
    Embeddings(projections: try classifier.forward(features, in: pass))
  }

  func lossAndGradient(
    _ embeddings: Embeddings, batch: StepBatch, in pass: Pass
  ) throws -> (loss: Double, gradient: Tensor) {
    let (loss, dlogits) = try CrossEntropy.lossAndGradient(
      embeddings.projections, targets: targets(batch), in: pass)
    return (loss, dlogits)
  }

  func backward(_ gradient: Tensor, in pass: Pass) throws -> Tensor {
    try classifier.backward(gradient, in: pass)
  }
}
