import Optimizers
import Training

/// LARS's settings as golden cases write them.
public struct GoldenLARS: Decodable, Sendable {
  let eta: Double
  let clip: Bool
  let excludeBiasNNorm: Bool

  public var rule: Optimizer.Rule {
    .lars(LARS(trustCoefficient: eta, clips: clip, excludesBiasAndNorm: excludeBiasNNorm))
  }
}
