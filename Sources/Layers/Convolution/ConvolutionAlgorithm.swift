/// A way to compute convolutions that a backend has. Sums are f32 in all of them, and so is what is written.
public struct ConvolutionAlgorithm: Hashable, Sendable, CustomStringConvertible {
  /// What it does with the definition of a convolution.
  public enum Method: Sendable {
    /// Multiplies and adds what the definition says.
    case direct
    /// Winograd's: fewer multiplications, between transformed tiles of the maps and transformed weights.
    case winograd
  }

  /// The name of the backend's library.
  public let backend: String
  /// Unlike the backend's others.
  public let name: String
  public let method: Method
  /// What activations and weights are rounded to before they are multiplied.
  public let precision: Precision

  public init(backend: String, name: String, method: Method, precision: Precision = .f32) {
    self.backend = backend
    self.name = name
    self.method = method
    self.precision = precision
  }

  /// As tables and reports write it: Sluice's by their name alone, others as `backend:name`.
  public var description: String {
    backend == SluiceBackend.name ? name : "\(backend.lowercased()):\(name)"
  }

  /// Whether this machine has it, for shapes that it fits.
  public var isAvailable: Bool { ConvolutionBackends.linked.isAvailable(self) }
}

/// What convolutions may be computed in. Parameters, activations in memory and every sum are f32.
public enum Precision: String, CaseIterable, Sendable {
  case f32
  /// bf16 where that is faster; needs AVX-512 with bf16 instructions.
  case bf16
}
