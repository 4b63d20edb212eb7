import Tensors

/// All parameters of a model in one piece of memory, gradients in a twin: a bucket of gradients, an update
/// and a save are each one range.
///
/// Parameters lie in the order of the forward pass, so backward completes gradients from the end.
public final class ParameterStore {
  public let parameters: [Parameter]
  /// Where each parameter begins, in floats; its end is padded to a whole vector.
  public let offsets: [Int]
  /// Floats in all, padding (zeros) included.
  public let count: Int
  private let values: Storage
  private let gradientStorage: Storage

  /// Takes over the memory of `parameters`, whose names must differ.
  public init(_ parameters: [Parameter]) {
    precondition(Set(parameters.map(\.name)).count == parameters.count, "parameter names must differ")
    var offsets: [Int] = []
    var end = 0
    for parameter in parameters {
      offsets.append(end)
      end += Self.padded(parameter)
    }
    self.parameters = parameters
    self.offsets = offsets
    count = end
    values = BufferPool.shared.take(count: end)
    gradientStorage = BufferPool.shared.take(count: end)
    values.clear()
    gradientStorage.clear()
    for (parameter, offset) in zip(parameters, offsets) {
      parameter.move(to: values, gradientStorage, at: offset)
    }
  }

  /// Floats in all of a store of `parameters`, padding included.
  public static func count(of parameters: [Parameter]) -> Int { parameters.reduce(0) { $0 + padded($1) } }

  private static func padded(_ parameter: Parameter) -> Int { (parameter.count + 15) / 16 * 16 }

  /// All gradients, in the order of `parameters`.
  package var gradients: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: gradientStorage.pointer, count: count)
  }

  /// Does `body`, whose backward passes leave the store's gradients as they are.
  package func keepingGradients<T>(_ body: () throws -> T) rethrows -> T {
    let others = BufferPool.shared.take(count: count)
    others.clear()
    for parameter in parameters { parameter.keepGradient(in: others) }
    defer { for parameter in parameters { parameter.keepGradient(in: gradientStorage) } }
    return try body()
  }

  /// The 2-norm of all gradients together.
  public var gradientNorm: Double {
    gradients.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
  }
}
