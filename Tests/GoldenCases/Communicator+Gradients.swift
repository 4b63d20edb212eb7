import Collectives
import Layers

extension Communicator {
  /// Replaces all gradients by their sums over ranks.
  public func sumGradients(_ store: ParameterStore) throws {
    _ = try GradientReducer(self, gradients: store.gradients).finish()
  }
}
