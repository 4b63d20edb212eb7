import Layers

/// Layer-wise adaptive rate scaling: how far each tensor moves follows its own size, not its gradient's.
///
/// Source: You, Gitman & Ginsburg, "Large Batch Training of Convolutional Networks" (2017), in the form of the
/// code behind [U] and the published SimCLR recipes for ResNet-18, whose clipping and exclusion are not in that
/// paper: q = η·‖w‖ / (‖g‖ + wd·‖w‖ + 1e-8), and the gradient that goes on to momentum is d = q·(g + wd·w).
/// Norms are 2-norms of the whole tensor. Gates are scaled like all others although they do not decay.
///
/// By the triangle inequality ‖d‖ ≤ η·‖w‖: before momentum, a step at rate λ moves a tensor by at most the share λ·η of
/// its size, however large its gradient. In front of a batch norm, where scaling w by c divides g by c, that share does
/// not change with c (docs/derivations.md, "LARS").
public struct LARS: Sendable, Equatable {
  /// η > 0.
  public var trustCoefficient = 0.02
  /// Whether q ← min(q / rate, 1), so that a tensor's rate is min(q, rate).
  public var clips = true
  /// Whether biases and the scales and shifts of batch norms keep d = g: not scaled, not decayed.
  public var excludesBiasAndNorm = true

  public init() {}

  public init(trustCoefficient: Double, clips: Bool, excludesBiasAndNorm: Bool) {
    self.trustCoefficient = trustCoefficient
    self.clips = clips
    self.excludesBiasAndNorm = excludesBiasAndNorm
  }

  /// Whether a tensor keeps its gradient whatever its size. Biases and norms are told by their one dimension.
  package func excludes(_ parameter: Parameter) -> Bool { excludesBiasAndNorm && parameter.shape.count == 1 }

  /// q of a tensor; nil where a norm is 0, which leaves the gradient as it is, without decay: a tensor that starts at 0
  /// would else never leave it.
  func scale(
    weightNorm: Double, gradientNorm: Double, weightDecay: Double, learningRate: Double
  ) -> Double? {
    guard weightNorm != 0, gradientNorm != 0 else { return nil }
    let scale = trustCoefficient * weightNorm / (gradientNorm + weightDecay * weightNorm + 1e-8)
    // Warm-up by step begins at rate 0: the quotient is infinite there and the minimum 1.
    return clips ? min(scale / learningRate, 1) : scale
  }
}
