import Layers
import Networks
import Objectives
import Pruning

/// A backbone with an objective's heads, all parameters in one store.
public final class Model {
  public let backbone: any Backbone
  public let objective: any Objective
  public let store: ParameterStore
  /// What has been pruned of the backbone; nil: nothing. Weights that do not remain become zero, and stay it.
  public var mask: PruningMask? {
    didSet { (mask ?? PruningMask([])).apply(to: backbone) }
  }

  /// - Parameters:
  ///   - seed: Seed of the initial weights.
  ///   - draw: Which of the seed's draws they are, see `initializeWeights`.
  public init(backbone: any Backbone, objective: any Objective, seed: UInt64, draw: Int = 0) {
    self.backbone = backbone
    self.objective = objective
    initializeWeights(backbone: backbone, heads: objective.heads, seed: seed, draw: draw)
    store = ParameterStore(Self.parameters(backbone, objective.heads))
  }

  /// Those of a model in the order of its store.
  static func parameters(_ backbone: any Backbone, _ heads: [MLP]) -> [Parameter] {
    backbone.parameters + heads.flatMap(\.parameters)
  }

  /// Backbone first, in the order of the forward pass.
  public var batchNorms: [BatchNorm] { backbone.batchNorms + objective.heads.flatMap(\.batchNorms) }
}
