import Layers
import Networks
import Tensors

/// A self-supervised objective: heads on top of the backbone's features, and a loss between two views.
public protocol Objective: AnyObject {
  /// Projector, and predictor where there is one.
  var heads: [MLP] { get }
  /// What keeps its learning rate while the others' follows the schedule: SimSiam's predictor [X].
  var constantRateParameters: [Parameter] { get }
  /// The loss over the global batch, equal on each rank, and its gradient at the features `[rows, D]`; sets
  /// the gradients of the heads' parameters, and tells the pass the projections.
  func lossAndGradient(features: Tensor, in pass: Pass) throws -> (loss: Double, dfeatures: Tensor)
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

  public func lossAndGradient(features: Tensor, in pass: Pass) throws -> (loss: Double, dfeatures: Tensor) {
    let z = try projector.forward(features, in: pass)
    try pass.projectionsAreReady(z)
    let (loss, dz) = try loss.lossAndGradient(z, in: pass)
    return (loss, try projector.backward(dz, in: pass))
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

  public func lossAndGradient(features: Tensor, in pass: Pass) throws -> (loss: Double, dfeatures: Tensor) {
    let z = try projector.forward(features, in: pass)
    try pass.projectionsAreReady(z)
    let p = try predictor.forward(z, in: pass)
    let (loss, dp) = try NegativeCosine.lossAndGradient(predictions: p, targets: z, in: pass)
    return (loss, try projector.backward(try predictor.backward(dp, in: pass), in: pass))
  }
}
