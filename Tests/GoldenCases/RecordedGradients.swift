import Collectives
import Layers

/// A gradient reducer that keeps what a step told it.
public final class RecordedGradients: GradientSink {
  private let reducer: GradientReducer
  /// Where the gradients began that were final, call by call.
  public private(set) var starts: [Int] = []
  /// How often communication was let proceed, up to each call of `ready`, and after the last one.
  public private(set) var idles = [0]

  public init(_ store: ParameterStore, on communicator: Communicator) {
    reducer = GradientReducer(communicator, gradients: store.gradients)
  }

  public func ready(downTo start: Int) throws {
    starts.append(start)
    idles.append(0)
    try reducer.ready(downTo: start)
  }

  public func progress() throws {
    idles[idles.count - 1] += 1
    try reducer.progress()
  }

  public func finish() throws -> GradientWaits { try reducer.finish() }
}
