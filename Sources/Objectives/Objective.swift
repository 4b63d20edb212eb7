import Layers
import Networks
import Tensors

/// What a network is trained for: heads on top of the backbone's features, and a loss over the views of a batch.
public protocol Objective: AnyObject {
  /// The projector, and the predictor where there is one.
  var heads: [MLP] { get }
  /// What keeps its learning rate while the others' follows the schedule: SimSiam's predictor [X].
  var constantRateParameters: [Parameter] { get }
  /// What the heads make of features `[rows, D]`.
  func forward(_ features: Tensor, in pass: Pass) throws -> Embeddings
  /// The loss over the global batch, equal on each rank, and its gradient at the last head's output.
  ///
  /// - Parameter batch: What the embeddings, which have its rows, are of.
  func lossAndGradient(
    _ embeddings: Embeddings, batch: StepBatch, in pass: Pass
  ) throws -> (loss: Double, gradient: Tensor)
  /// The gradient at the features from that at the last head's output; sets the gradients of the heads' parameters.
  func backward(_ gradient: Tensor, in pass: Pass) throws -> Tensor
  /// What it remembers from step to step besides parameters, as far as this rank holds it: the same tensors on every
  /// rank, for checkpoints.
  func remembered(by rank: Int) -> [RememberedRows]
  /// Takes over what `remembered` was, of all ranks, on any number of them.
  ///
  /// - Parameter imageCount: Images of the data set.
  /// - Returns: Whether it is of such an objective and data set; nothing is changed otherwise.
  func restore(_ file: SafetensorsFile, imageCount: Int, rank: Int, worldSize: Int) -> Bool
}

/// Most remember nothing.
extension Objective {
  public func remembered(by rank: Int) -> [RememberedRows] { [] }
  public func restore(_ file: SafetensorsFile, imageCount: Int, rank: Int, worldSize: Int) -> Bool { false }
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
