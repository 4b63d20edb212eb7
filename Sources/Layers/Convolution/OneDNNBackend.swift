import COneDNN
import Foundations

/// Convolutions by oneDNN. Nothing else in Swift calls it.
public struct OneDNNBackend: ConvolutionBackend {
  public static let name = "oneDNN"
  /// Multiply-adds in f32.
  public static let direct = ConvolutionAlgorithm(backend: name, name: "direct", method: .direct)
  /// Winograd 4×4 in f32, for 3×3 convolutions with stride 1: a quarter of the multiplications. Not in oneDNN since 3.2.
  public static let winograd = ConvolutionAlgorithm(backend: name, name: "winograd", method: .winograd)
  /// Direct, on activations and weights rounded to bf16.
  public static let bf16 = ConvolutionAlgorithm(
    backend: name, name: "bf16", method: .direct, precision: .bf16)

  public init() {}

  public let algorithms = [Self.direct, Self.winograd, Self.bf16]

  public var library: ConvolutionLibrary {
    var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
    onednn_version(&major, &minor, &patch)
    return ConvolutionLibrary(
      name: Self.name, version: "\(major).\(minor).\(patch)",
      instructionSet: String(cString: onednn_instruction_set()))
  }

  public func isAvailable(_ algorithm: ConvolutionAlgorithm) -> Bool { Self.available.contains(algorithm) }

  /// Found out by making a convolution as ResNets have most of: that the library knows an algorithm's name, or that the
  /// processor has the instructions, does not mean that it has it.
  private static let available: Set<ConvolutionAlgorithm> = {
    let shape = ConvolutionShape(
      rows: 32, inChannels: 64, height: 32, width: 32, outChannels: 64, kernelSize: 3, stride: 1, padding: 1)
    let backend = OneDNNBackend()
    return Set(
      backend.algorithms.filter { (try? backend.makeKernel($0, ConvolutionProblem(shape, .forward))) != nil })
  }()

  /// Whether it has more than reference code.
  public func fits(_ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem) -> Bool {
    let shape = problem.shape
    return switch algorithm {
    case Self.winograd: shape.kernelSize == 3 && shape.stride == 1 && problem.inLanes == 16
    case Self.bf16: problem.inLanes == 16 || problem.inLanes == 1 && shape.inChannels == 3
    default: true
    }
  }

  public func nanoseconds(_ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem) -> Double {
    OneDNNCost(problem).nanoseconds(algorithm)
  }

  public func makeKernel(
    _ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem
  ) throws -> any ConvolutionKernel {
    try OneDNNKernel(algorithm, problem)
  }

  /// GNU OpenMP would build a team of its own for each calling thread.
  public func prepareThread() { onednn_use_one_thread() }
}

/// A oneDNN primitive with what it needs around it.
private final class OneDNNKernel: ConvolutionKernel, @unchecked Sendable {
  // @unchecked: a oneDNN primitive is immutable; working memory is the caller's.
  private let handle: OpaquePointer
  private let what: String
  let algorithm: ConvolutionAlgorithm
  let packedCount: Int
  let scratchCount: Int

  init(_ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem) throws {
    let shape = problem.shape
    what =
      "a \(shape.kernelSize)×\(shape.kernelSize) convolution of \(shape.rows)×\(shape.inChannels)×"
      + "\(shape.height)×\(shape.width) to \(shape.outChannels) channels"
    let rowsInCall = OneDNNCost(problem).rowsInCall(algorithm)
    var sizes = onednn_shape(
      images: Int32(shape.rows), images_in_call: Int32(rowsInCall),
      in_channels: Int32(shape.inChannels), in_height: Int32(shape.height), in_width: Int32(shape.width),
      out_channels: Int32(shape.outChannels), kernel: Int32(shape.kernelSize), stride: Int32(shape.stride),
      padding: Int32(shape.padding), in_lanes: Int32(problem.inLanes), lanes: Int32(problem.lanes))
    var made: OpaquePointer?
    let status = onednn_convolution_create(&made, &sizes, problem.direction.code, algorithm.code)
    try Self.check(status, what)
    guard let made else { preconditionFailure("oneDNN succeeded without a convolution") }
    handle = made
    self.algorithm = algorithm
    packedCount = onednn_convolution_weights_count(made)
    scratchCount = onednn_convolution_scratch_count(made)
  }

  deinit { onednn_convolution_destroy(handle) }

  /// The library takes all at one time.
  var panels: Int { 1 }

  func pack(
    _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>, panels: Range<Int>
  ) throws {
    try Self.check(onednn_convolution_pack(handle, weights, packed), what)
  }

  func unpack(
    _ packed: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>, panels: Range<Int>
  ) throws {
    try Self.check(onednn_convolution_unpack(handle, packed, weights), what)
  }

  func run(_ operands: ConvolutionOperands, scratch: UnsafeMutablePointer<Float>) throws {
    try Self.check(
      onednn_convolution_run(handle, operands.input, operands.weights, operands.output, scratch), what)
  }

  /// A kernel that only lacks memory must not be taken for one that this machine does not have: another would take its
  /// place and give other bits.
  private static func check(_ status: Int32, _ what: String) throws {
    if onednn_is_out_of_memory(status) != 0 {
      Emergency.end("out of memory: oneDNN has none for \(what): ask for more memory, or use fewer threads")
    }
    guard status == 0 else {
      throw LayerError.convolution(
        what: what, reason: "oneDNN: \(String(cString: onednn_status_text(status)))")
    }
  }
}

extension Convolution.Direction {
  fileprivate var code: onednn_direction {
    switch self {
    case .forward: ONEDNN_FORWARD
    case .backwardData: ONEDNN_BACKWARD_DATA
    case .backwardWeights: ONEDNN_BACKWARD_WEIGHTS
    }
  }
}

extension ConvolutionAlgorithm {
  fileprivate var code: onednn_algorithm {
    switch self {
    case OneDNNBackend.winograd: ONEDNN_WINOGRAD
    case OneDNNBackend.bf16: ONEDNN_BF16
    default: ONEDNN_DIRECT
    }
  }
}
