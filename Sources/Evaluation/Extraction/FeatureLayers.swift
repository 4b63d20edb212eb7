/// Which features are taken of a network.
public enum FeatureLayers: String, CaseIterable, Sendable {
  /// The backbone's output, which is what pretraining is for.
  case backbone
  /// The projector's output, which the loss compares.
  case projector
  /// The mean over pixels of every stage's output.
  case stages
}
