import Layers
import Networks
import Tensors

/// A self-supervised objective: heads on top of the backbone's features, and a loss between two views.
public protocol Objective: AnyObject {
  /// Projector, and predictor where there is one.
  var heads: [MLP] { get }
  /// What keeps its learning rate while the others' follows the schedule: SimSiam's predictor [X].
  var constantRateParameters: [Parameter] { get }
  /// What the heads make of features `[rows, D]`.
  func forward(_ features: Tensor, in pass: Pass) throws -> Embeddings
  /// The loss over the global batch, equal on each rank, and its gradient at the last head's output.
  func lossAndGradient(_ embeddings: Embeddings, in pass: Pass) throws -> (loss: Double, gradient: Tensor)
  /// The gradient at the features from that at the last head's output; sets the gradients of the heads' parameters.
  func backward(_ gradient: Tensor, in pass: Pass) throws -> Tensor
}

/// What heads give a loss to look at: matrices `[rows, …]`.
public struct Embeddings {
  public let projections: Tensor
  /// The predictor's, where there is one.
  public let predictions: Tensor?

  public init(projections: Tensor, predictions: Tensor? = nil) {
    self.projections = projections
    self.predictions = predictions
  }
}

extension Objective {
  /// Heads, loss, and heads again: the loss over the global batch and its gradient at the features. Tells the pass the
  /// projections.
  public func lossAndGradient(features: Tensor, in pass: Pass) throws -> (loss: Double, dfeatures: Tensor) {
    let embeddings = try forward(features, in: pass)
    try pass.projectionsAreReady(embeddings.projections)
    let (loss, gradient) = try lossAndGradient(embeddings, in: pass)
    return (loss, try backward(gradient, in: pass))
  }
}

/// SimCLR [S]: a projector and NT-Xent.
public final class SimCLR: Objective {
  public let projector: MLP
  public let loss: NTXent

  public init(featureCount: Int, hidden: Int, output: Int, temperature: Double) {
    projector = .simCLRProjector(featureCount, hidden: hidden, output: output)
    loss = NTXent(temperature: temperature)
  }

  public var heads: [MLP] { [projector] }
  public var constantRateParameters: [Parameter] { [] }

  public func forward(_ features: Tensor, in pass: Pass) throws -> Embeddings {
    Embeddings(projections: try projector.forward(features, in: pass))
  }

  public func lossAndGradient(
    _ embeddings: Embeddings, in pass: Pass
  ) throws -> (loss: Double, gradient: Tensor) {
    let (loss, dz) = try loss.lossAndGradient(embeddings.projections, in: pass)
    return (loss, dz)
  }

  public func backward(_ gradient: Tensor, in pass: Pass) throws -> Tensor {
    try projector.backward(gradient, in: pass)
  }
}

/// SimSiam [X]: a projector, a predictor, and the negative cosine with stop-gradient.
public final class SimSiam: Objective {
  public let projector: MLP
  public let predictor: MLP

  public init(featureCount: Int, hidden: Int, output: Int, predictorHidden: Int) {
    projector = .simSiamProjector(featureCount, hidden: hidden, output: output)
    predictor = .simSiamPredictor(output, hidden: predictorHidden)
  }

  public var heads: [MLP] { [projector, predictor] }
  public var constantRateParameters: [Parameter] { predictor.parameters }

  public func forward(_ features: Tensor, in pass: Pass) throws -> Embeddings {
    let z = try projector.forward(features, in: pass)
    return Embeddings(projections: z, predictions: try predictor.forward(z, in: pass))
  }

  public func lossAndGradient(
    _ embeddings: Embeddings, in pass: Pass
  ) throws -> (loss: Double, gradient: Tensor) {
    guard let predictions = embeddings.predictions else { preconditionFailure("SimSiam has a predictor") }
    let (loss, dp) = try NegativeCosine.lossAndGradient(
      predictions: predictions, targets: embeddings.projections, in: pass)
    return (loss, dp)
  }

  public func backward(_ gradient: Tensor, in pass: Pass) throws -> Tensor {
    try projector.backward(try predictor.backward(gradient, in: pass), in: pass)
  }
}
