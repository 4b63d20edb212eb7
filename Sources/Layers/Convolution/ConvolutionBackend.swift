/// A library of convolutions: what it has, where that runs, what it costs, and how to make it.
///
/// Answers are fixed functions of the library, the instruction set and the problem, never of a measurement: they decide
/// a result's bits.
public protocol ConvolutionBackend: Sendable {
  var library: ConvolutionLibrary { get }
  /// All that it has on some machine, in a fixed order; of equally fast ones the first is taken.
  var algorithms: [ConvolutionAlgorithm] { get }
  /// Whether this machine can run one of `algorithms`.
  func isAvailable(_ algorithm: ConvolutionAlgorithm) -> Bool
  /// Whether an available algorithm has fast code for the problem.
  func fits(_ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem) -> Bool
  /// The time that it is expected to take on one core, for algorithms that fit.
  func nanoseconds(_ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem) -> Double
  /// - Throws: `LayerError.convolution` where there is no code for the problem, fast or slow.
  func makeKernel(
    _ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem
  ) throws -> any ConvolutionKernel
  /// Called once on every thread that runs kernels, before the first: they must not start threads of their own.
  func prepareThread()
}

/// Which build of a backend's code runs here: both parts decide bits and speed.
public struct ConvolutionLibrary: Equatable, Sendable, CustomStringConvertible {
  /// As people write it, for example `oneDNN`.
  public let name: String
  /// For example `2.6.3`.
  public let version: String
  /// The largest instruction set that it uses here, by its own name.
  public let instructionSet: String

  public init(name: String, version: String, instructionSet: String) {
    self.name = name
    self.version = version
    self.instructionSet = instructionSet
  }

  /// The name in files.
  public var key: String { name.lowercased() }
  public var description: String { "\(name) \(version) on \(instructionSet)" }
}

/// Backends in order: for each precision, the first that can compute a problem is taken unless a table names another.
public struct ConvolutionBackends: Sendable, Equatable {
  public let all: [any ConvolutionBackend]

  public init(_ all: [any ConvolutionBackend]) { self.all = all }

  /// Those of this program. A new backend is registered here.
  public static let linked = Self([SluiceBackend(), OneDNNBackend()])

  public static func == (a: Self, b: Self) -> Bool { a.libraries == b.libraries }

  public var libraries: [ConvolutionLibrary] { all.map(\.library) }
  /// What the backends have on some machine.
  public var algorithms: [ConvolutionAlgorithm] { all.flatMap(\.algorithms) }
  /// What they have on this one.
  public var available: [ConvolutionAlgorithm] { algorithms.filter(isAvailable) }

  /// The backend that an algorithm belongs to; nil if it isn't one of these.
  public func backend(of algorithm: ConvolutionAlgorithm) -> (any ConvolutionBackend)? {
    all.first { $0.library.name == algorithm.backend }
  }

  public func isAvailable(_ algorithm: ConvolutionAlgorithm) -> Bool {
    backend(of: algorithm)?.isAvailable(algorithm) ?? false
  }

  /// Whether anything here multiplies numbers of this precision.
  public func support(_ precision: Precision) -> Bool { available.contains { $0.precision == precision } }
}
