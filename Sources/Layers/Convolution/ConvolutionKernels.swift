/// Where convolutions get their kernels. Part of a run's configuration, as it changes bits: a function of shape, and of
/// what a library has, never of a measurement during the run.
public struct ConvolutionKernels: Equatable, Sendable, CustomStringConvertible {
  /// What decides.
  public enum Choice: Equatable, Sendable {
    /// The one that its backend expects to be fastest.
    case auto
    /// The same among direct ones.
    case direct
    /// The same among those of the library with this key.
    case library(String)
    /// As the table says; `auto` for shapes that it does not have.
    case table(KernelTable)
  }

  public var choice: Choice
  public var precision: Precision
  public var backends: ConvolutionBackends

  public init(
    _ choice: Choice, precision: Precision = .f32, backends: ConvolutionBackends = .linked
  ) {
    self.choice = choice
    self.precision = precision
    self.backends = backends
  }

  public static let auto = ConvolutionKernels(.auto)
  public static let direct = ConvolutionKernels(.direct)

  public var description: String {
    let name =
      switch choice {
      case .auto: "auto"
      case .direct: "direct"
      case .library(let key): key
      case .table: "table"
      }
    return precision == .f32 ? name : "\(name), \(precision.rawValue)"
  }

  /// What convolutions are here, for records of a run: `winograd` or `direct`, with ` and bf16` where allowed; then, in
  /// brackets, libraries besides the first whose kernels may be used, for example ` (oneDNN 2.6.3 on avx512_core)`.
  public var summary: String {
    let hasWinograd = backends.available.contains { $0.method == .winograd && allows($0) }
    let others = backends.libraries.dropFirst().filter(mayUse).map(\.description)
    return (hasWinograd ? "winograd" : "direct") + (precision == .bf16 ? " and bf16" : "")
      + (others.isEmpty ? "" : " (\(others.joined(separator: ", ")))")
  }

  /// Whether an algorithm of this library may be chosen where the first one has another.
  private func mayUse(_ library: ConvolutionLibrary) -> Bool {
    switch choice {
    case .library(let key): library.key == key
    case .table(let table): table.uses(library) || precision != .f32
    case .auto, .direct: precision != .f32
    }
  }

  /// What computes this problem: of the algorithms that are allowed, here and fit, the one of least cost among those of
  /// each precision's first backend. Other backends are there for tables and for comparison.
  public func algorithm(for problem: ConvolutionProblem) -> ConvolutionAlgorithm? {
    if case .table(let table) = choice, let winner = table[problem.shape, problem.direction], allows(winner) {
      return winner
    }
    var first: [Precision: String] = [:]
    return candidates(for: problem)
      .filter { candidate in
        let backend = first[candidate.precision] ?? candidate.backend
        first[candidate.precision] = backend
        return backend == candidate.backend
      }
      .map { (algorithm: $0, cost: backends.backend(of: $0)?.nanoseconds($0, problem) ?? .infinity) }
      .min { $0.cost < $1.cost }?.algorithm
  }

  /// The algorithms that may compute this problem, in the backends' order.
  public func candidates(for problem: ConvolutionProblem) -> [ConvolutionAlgorithm] {
    backends.available.filter { algorithm in
      allows(algorithm) && backends.backend(of: algorithm)?.fits(algorithm, problem) == true
    }
  }

  /// The kernel that computes this problem. Direct code takes over where a table names an algorithm that this machine
  /// or this shape doesn't have.
  ///
  /// - Throws: `LayerError.convolution` where there is no kernel at all.
  public func makeKernel(for problem: ConvolutionProblem) throws -> any ConvolutionKernel {
    let chosen = algorithm(for: problem)
    if let chosen, let kernel = try? makeKernel(chosen, problem) { return kernel }
    let direct = backends.algorithms.first {
      $0.method == .direct && $0.precision == .f32 && isOfChosenLibrary($0)
    }
    guard let direct else {
      throw LayerError.convolution(what: "\(problem)", reason: "no backend has a direct algorithm")
    }
    return try makeKernel(direct, problem)
  }

  /// The problem's kernel by one algorithm.
  ///
  /// - Throws: `LayerError.convolution` where the machine or the shape doesn't have it.
  package func makeKernel(
    _ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem
  ) throws -> any ConvolutionKernel {
    guard let backend = backends.backend(of: algorithm) else {
      throw LayerError.convolution(what: "\(problem)", reason: "there is no backend \(algorithm.backend)")
    }
    return try backend.makeKernel(algorithm, problem)
  }

  private func allows(_ algorithm: ConvolutionAlgorithm) -> Bool {
    (choice != .direct || algorithm.method == .direct) && isOfChosenLibrary(algorithm)
      && (algorithm.precision == .f32 || algorithm.precision == precision)
  }

  private func isOfChosenLibrary(_ algorithm: ConvolutionAlgorithm) -> Bool {
    guard case .library(let key) = choice else { return true }
    return backends.backend(of: algorithm)?.library.key == key
  }
}
