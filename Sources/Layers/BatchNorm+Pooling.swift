import Tensors

/// ReLU(BN(x)), max-pooled: the end of a stem, and of a block without shortcut.
extension BatchNorm {
  /// What backward needs of it.
  public struct PooledActivation {
    let input: Tensor
    let statistics: Statistics
    /// nil: nothing is pooled.
    let pooled: MaxPool.Output?
  }

  /// pool(ReLU(BN(x))) with its means over pixels, by the statistics of `x`.
  ///
  /// - Parameter pool: nil: nothing is pooled.
  /// - Throws: As `statistics(of:in:)`.
  public func activate(
    _ x: Tensor, pool: MaxPool?, in pass: Pass
  ) throws -> (output: PooledMap, activation: PooledActivation) {
    let statistics = try statistics(of: x, in: pass)
    let pooled = try pool?.forward(x, normalizedBy: statistics, in: pass)
    return (
      try normalizeAndPool(pooled?.values ?? x, statistics, in: pass),
      PooledActivation(input: x, statistics: statistics, pooled: pooled)
    )
  }

  /// ∂L/∂x; sets the gradients of γ and β. What was activated is overwritten.
  public func backward(
    _ dy: MapGradient, through activation: PooledActivation, in pass: Pass
  ) throws -> Tensor {
    let (g, derivative) = try reluBackward(
      dy, input: activation.pooled?.values ?? activation.input, activation.statistics, in: pass)
    return try activation.pooled.map {
      try MaxPool.backward(g, $0, input: activation.input, derivative, in: pass)
    } ?? derivative.inputGradient(g, input: activation.input, in: pass)
  }
}
