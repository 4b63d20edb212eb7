import CVector
import Layers
import Tensors

/// Stochastic gradient descent with momentum: d = g + wd·w; v = momentum·v + d; w −= rate·v.
///
/// PyTorch's convention: the learning rate multiplies at the update and is not folded into v; no dampening,
/// no Nesterov. Parameters whose `decays` is false have wd = 0, those not trainable stay as they are.
public final class SGD {
  public let momentum: Double
  public let weightDecay: Double
  private let store: ParameterStore
  private let velocities: Storage

  public init(_ store: ParameterStore, momentum: Double = 0.9, weightDecay: Double) {
    self.store = store
    self.momentum = momentum
    self.weightDecay = weightDecay
    velocities = BufferPool.shared.take(count: store.count)
    velocities.pointer.update(repeating: 0, count: store.count)
  }

  /// Moves every trainable parameter by its gradient.
  public func update(learningRate: (Parameter) -> Double, pool: WorkerPool) throws {
    let rates = store.parameters.map { Float(learningRate($0)) }
    try pool.run(rates.count) { i in
      let parameter = store.parameters[i]
      guard parameter.isTrainable else { return }
      vector_sgd(
        parameter.count, parameter.value, parameter.gradient, velocities.pointer + store.offsets[i], rates[i],
        Float(momentum), parameter.decays ? Float(weightDecay) : 0)
    }
  }

  /// v of parameter number `index`, laid out as its value: what a checkpoint keeps.
  public func velocity(of index: Int) -> [Float] {
    let start = velocities.pointer + store.offsets[index]
    return Array(UnsafeBufferPointer(start: start, count: store.parameters[index].count))
  }

  /// Restores v of parameter number `index`.
  public func setVelocity(_ values: [Float], of index: Int) {
    precondition(values.count == store.parameters[index].count)
    values.withUnsafeBufferPointer {
      (velocities.pointer + store.offsets[index]).update(from: $0.baseAddress!, count: $0.count)
    }
  }
}
