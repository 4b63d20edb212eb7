import CVector
import Layers
import Tensors

/// Stochastic gradient descent with momentum: v = momentum·v + d; w −= rate·v, where a rule makes d of g.
///
/// PyTorch's convention: the learning rate multiplies at the update and is not folded into v; no dampening,
/// no Nesterov. Parameters whose `decays` is false have wd = 0, those not trainable stay as they are. Every
/// rank does the same on the same sums of gradients, one thread a tensor, so neither ranks nor threads matter.
///
/// Of pruned weights w, g and v are zero after every update: g is set to zero before it, and then v = momentum·0 + d with
/// d = 0 + wd·0. So nothing revives them, and the norms of LARS are those of the remaining weights.
public final class Optimizer {
  public enum Rule: Sendable, Equatable {
    /// d = g + wd·w.
    case sgd
    /// d = q·(g + wd·w), q from the norms of w and g.
    case lars(LARS)
  }

  public let rule: Rule
  public let momentum: Double
  public let weightDecay: Double
  private let store: ParameterStore
  private let velocities: Storage

  public init(_ store: ParameterStore, rule: Rule = .sgd, momentum: Double = 0.9, weightDecay: Double) {
    self.store = store
    self.rule = rule
    self.momentum = momentum
    self.weightDecay = weightDecay
    velocities = BufferPool.shared.take(count: store.count)
    velocities.pointer.update(repeating: 0, count: store.count)
  }

  /// Moves every trainable parameter by its gradient.
  public func update(learningRate: (Parameter) -> Double, pool: WorkerPool) throws {
    let rates = store.parameters.map(learningRate)
    try pool.run(rates.count) { i in
      let parameter = store.parameters[i]
      guard parameter.isTrainable else { return }
      parameter.mask?.apply(to: parameter.gradient)
      let velocity = velocities.pointer + store.offsets[i]
      switch rule {
      case .sgd: moveBySGD(parameter, velocity, rates[i], weightDecay: weightDecay)
      case .lars(let lars): move(parameter, velocity, rates[i], by: lars)
      }
    }
  }

  private func moveBySGD(
    _ parameter: Parameter, _ velocity: UnsafeMutablePointer<Float>, _ rate: Double, weightDecay: Double
  ) {
    vector_sgd(
      parameter.count, parameter.value, parameter.gradient, velocity, Float(rate), Float(momentum),
      parameter.decays ? Float(weightDecay) : 0)
  }

  private func move(
    _ parameter: Parameter, _ velocity: UnsafeMutablePointer<Float>, _ rate: Double, by lars: LARS
  ) {
    let decay = parameter.decays ? weightDecay : 0
    guard !lars.excludes(parameter),
      let scale = lars.scale(
        weightNorm: vector_norm(parameter.count, parameter.value),
        gradientNorm: vector_norm(parameter.count, parameter.gradient), weightDecay: decay,
        learningRate: rate)
    else { return moveBySGD(parameter, velocity, rate, weightDecay: 0) }
    vector_lars(
      parameter.count, parameter.value, parameter.gradient, velocity, Float(scale), Float(rate),
      Float(momentum), Float(decay))
  }

  /// v of parameter number `index`, laid out as its value: what a checkpoint keeps.
  public func velocity(of index: Int) -> [Float] {
    let start = velocities.pointer + store.offsets[index]
    return Array(UnsafeBufferPointer(start: start, count: store.parameters[index].count))
  }

  /// Restores v of parameter number `index`; of pruned weights it stays zero.
  public func setVelocity(_ values: [Float], of index: Int) {
    precondition(values.count == store.parameters[index].count)
    values.withUnsafeBufferPointer {
      (velocities.pointer + store.offsets[index]).update(from: $0.baseAddress!, count: $0.count)
    }
    store.parameters[index].mask?.apply(to: velocities.pointer + store.offsets[index])
  }
}
