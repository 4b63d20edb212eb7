import CConvolutions

/// Convolutions of our own, the same bits on every processor (contract C9).
public struct SluiceBackend: ConvolutionBackend {
  public static let name = "Sluice"
  /// Products of gathered pixels and weights.
  public static let direct = ConvolutionAlgorithm(backend: name, name: "direct", method: .direct)
  /// Winograd with tiles of 3, 4 and 5 outputs, for 3×3 convolutions with stride 1.
  public static let winograd = ConvolutionAlgorithm(backend: name, name: "winograd", method: .winograd)

  private let instructionSet: InstructionSet

  public init(instructionSet: InstructionSet = .best) { self.instructionSet = instructionSet }

  public let algorithms = [Self.winograd, Self.direct]

  /// The version changes when bits do.
  public var library: ConvolutionLibrary {
    ConvolutionLibrary(name: Self.name, version: "1", instructionSet: instructionSet.rawValue)
  }

  public func isAvailable(_ algorithm: ConvolutionAlgorithm) -> Bool {
    algorithms.contains(algorithm) && instructionSet.isAvailable
  }

  public func fits(_ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem) -> Bool {
    withUnsafePointer(to: code(algorithm, problem)) { convolutions_fits($0) != 0 }
  }

  public func nanoseconds(_ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem) -> Double {
    withUnsafePointer(to: code(algorithm, problem)) { convolutions_nanoseconds($0) }
  }

  public func makeKernel(
    _ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem
  ) throws -> any ConvolutionKernel {
    guard isAvailable(algorithm) else {
      throw LayerError.convolution(what: "\(problem)", reason: "the processor has no \(instructionSet)")
    }
    guard fits(algorithm, problem) else {
      throw LayerError.convolution(what: "\(problem)", reason: "\(algorithm) does not fit")
    }
    return SluiceKernel(algorithm, code(algorithm, problem))
  }

  public func prepareThread() {}

  private func code(_ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem) -> convolutions_problem
  {
    let shape = problem.shape
    return convolutions_problem(
      rows: Int32(shape.rows), in_channels: Int32(shape.inChannels), in_height: Int32(shape.height),
      in_width: Int32(shape.width), out_channels: Int32(shape.outChannels), kernel: Int32(shape.kernelSize),
      stride: Int32(shape.stride), padding: Int32(shape.padding), in_lanes: Int32(problem.inLanes),
      lanes: Int32(problem.lanes), direction: problem.direction.code, algorithm: algorithm.code,
      instructions: instructionSet.code, map_channels: 0)
  }
}

private final class SluiceKernel: ConvolutionKernel {
  let algorithm: ConvolutionAlgorithm
  private let problem: convolutions_problem
  let packedCount: Int
  let scratchCount: Int

  init(_ algorithm: ConvolutionAlgorithm, _ problem: convolutions_problem) {
    self.algorithm = algorithm
    self.problem = problem
    packedCount = withUnsafePointer(to: problem) { convolutions_packed_count($0) }
    scratchCount = withUnsafePointer(to: problem) { convolutions_scratch_count($0) }
  }

  var panels: Int { problem.panels }

  func pack(
    _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>, panels: Range<Int>
  ) {
    withUnsafePointer(to: problem) { convolutions_pack($0, panels.code, weights, packed) }
  }

  func unpack(
    _ packed: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>, panels: Range<Int>
  ) {
    withUnsafePointer(to: problem) { convolutions_unpack($0, panels.code, packed, weights) }
  }

  func skipsClosedChannels(atDensity density: Double) -> Bool {
    withUnsafePointer(to: problem) { convolutions_skips($0, density) != 0 }
  }

  var fused: (any FusedKernel)? {
    guard problem.direction == CONVOLUTIONS_FORWARD, problem.in_lanes > 1 else { return nil }
    return SluiceFusedKernel(problem: problem, scratchCount: scratchCount)
  }

  func part(rows: Int) -> SluiceKernel? {
    guard problem.direction != CONVOLUTIONS_BACKWARD_WEIGHTS else { return nil }
    var part = problem
    part.rows = Int32(rows)
    return SluiceKernel(algorithm, part)
  }

  func parts(ofChannels count: Int) -> [ChannelPart] {
    precondition(problem.direction == CONVOLUTIONS_BACKWARD_WEIGHTS)
    // Whole panels, by twos, as they are multiplied.
    let (channels, unit) = (Int(problem.out_channels), 32)
    let units = (channels + unit - 1) / unit
    let pixels = withUnsafePointer(to: problem) { Int(convolutions_output_pixels($0)) }
    return (0..<min(count, units)).map { number in
      let first = number * units / min(count, units) * unit
      let end = min((number + 1) * units / min(count, units) * unit, channels)
      var part = problem
      part.out_channels = Int32(end - first)
      part.map_channels = problem.out_channels
      return ChannelPart(kernel: SluiceKernel(algorithm, part), outputOffset: first * pixels)
    }
  }

  func run(_ operands: ConvolutionOperands, scratch: UnsafeMutablePointer<Float>) {
    withUnsafePointer(to: problem) {
      convolutions_run($0, operands.open, operands.input, operands.weights, operands.output, scratch)
    }
  }
}

/// The other entry of a kernel that takes maps.
private struct SluiceFusedKernel: FusedKernel {
  let problem: convolutions_problem
  let scratchCount: Int

  func packedCount(selects: Bool) -> Int {
    withUnsafePointer(to: problem) {
      convolutions_packed_count($0) + (selects ? convolutions_rows_count($0) : 0)
    }
  }

  var panels: Int { problem.panels }

  func pack(
    _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>, panels: Range<Int>,
    selects: Bool
  ) {
    withUnsafePointer(to: problem) {
      convolutions_pack($0, panels.code, weights, packed)
      if selects { convolutions_pack_rows($0, panels.code, weights, packed) }
    }
  }

  func run(_ operands: FusedOperands, scratch: UnsafeMutablePointer<Float>) {
    var fusion = convolutions_fusion(
      scale: operands.scale, shift: operands.shift, added: operands.added, added_scale: operands.addedScale,
      added_shift: operands.addedShift, mask: operands.mask, open: operands.openOutputs)
    withUnsafePointer(to: problem) {
      convolutions_run_fused(
        $0, operands.open, &fusion, operands.input, operands.weights, operands.output, scratch)
    }
  }
}

extension convolutions_problem {
  fileprivate var panels: Int { withUnsafePointer(to: self) { Int(convolutions_panels($0)) } }
}

extension Range<Int> {
  fileprivate var code: panel_range { panel_range(first: Int32(lowerBound), end: Int32(upperBound)) }
}

extension Convolution.Direction {
  fileprivate var code: convolutions_direction {
    switch self {
    case .forward: CONVOLUTIONS_FORWARD
    case .backwardData: CONVOLUTIONS_BACKWARD_DATA
    case .backwardWeights: CONVOLUTIONS_BACKWARD_WEIGHTS
    }
  }
}

extension ConvolutionAlgorithm {
  fileprivate var code: convolutions_algorithm {
    method == .winograd ? CONVOLUTIONS_WINOGRAD : CONVOLUTIONS_DIRECT
  }
}
