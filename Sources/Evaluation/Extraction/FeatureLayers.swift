import Networks

/// Which features are taken of a network.
public enum FeatureLayers: String, CaseIterable, Sendable {
  /// The backbone's output, which is what pretraining is for.
  case backbone
  /// The projector's output, which the loss compares.
  case projector
  /// The mean over pixels of every stage's output.
  case stages

  /// How many numbers they are for an image.
  ///
  /// - Parameter projector: Needed for its own.
  public func dimension(of blueprint: Blueprint, projector: MLP? = nil) -> Int {
    switch self {
    case .backbone: blueprint.featureCount
    case .projector: projector?.outFeatures ?? 0
    case .stages: blueprint.stages.reduce(0) { $0 + $1.channels }
    }
  }
}
