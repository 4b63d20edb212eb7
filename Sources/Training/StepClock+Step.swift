import Layers

extension StepClock.Part {
  /// Heads and objective.
  public static let loss = Self("loss")
  /// Waiting for gradient sums after backward.
  public static let gradients = Self("gradients")
  public static let optimizer = Self("optimizer")
  /// Waiting for the loader.
  public static let data = Self("data")

  /// The parts of a training step, in the order in which reports show them.
  public static let ofStep: [Self] = [
    .convolutionForward, .convolutionBackwardData, .convolutionBackwardWeights, .elementwise, .gate, .loss,
    .communication, .gradients, .optimizer, .data,
  ]
}
