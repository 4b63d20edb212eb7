import COneDNN

/// How oneDNN computes a convolution. Sums are f32 in all of them, and so is what is written.
public enum ConvolutionAlgorithm: String, CaseIterable, Sendable {
  /// Multiply-adds in f32.
  case direct
  /// Winograd 4×4 in f32, for 3×3 convolutions with stride 1: a quarter of the multiplications.
  case winograd
  /// Direct, on activations and weights rounded to bf16.
  case bf16

  var code: onednn_algorithm {
    switch self {
    case .direct: ONEDNN_DIRECT
    case .winograd: ONEDNN_WINOGRAD
    case .bf16: ONEDNN_BF16
    }
  }

  init(_ code: onednn_algorithm) {
    self =
      switch code {
      case ONEDNN_WINOGRAD: .winograd
      case ONEDNN_BF16: .bf16
      default: .direct
      }
  }

  /// Whether oneDNN has it here, for shapes that it fits.
  public var isAvailable: Bool {
    switch self {
    case .direct: true
    case .winograd: onednn_has_winograd() != 0
    case .bf16: onednn_has_bf16() != 0
    }
  }
}

/// What convolutions may be computed in. Parameters, activations in memory and every sum are f32.
public enum Precision: String, CaseIterable, Sendable {
  case f32
  /// bf16 where that is faster; needs AVX-512 with bf16 instructions.
  case bf16
}

/// Which algorithm computes which convolution. Part of a run's configuration, as it changes bits: a function of
/// instruction set, oneDNN and shape, never of a measurement during the run.
public struct ConvolutionKernels: Equatable, Sendable, CustomStringConvertible {
  public enum Choice: Equatable, Sendable {
    /// The one that `ConvolutionCost` expects to be fastest.
    case auto
    /// The same without Winograd.
    case direct
    /// As the table says; `auto` for shapes that it does not have.
    case table(KernelTable)
  }

  public var choice: Choice
  public var precision: Precision

  public init(_ choice: Choice, precision: Precision = .f32) {
    self.choice = choice
    self.precision = precision
  }

  public static let auto = ConvolutionKernels(.auto)
  public static let direct = ConvolutionKernels(.direct)

  public var description: String {
    let name =
      switch choice {
      case .auto: "auto"
      case .direct: "direct"
      case .table: "table"
      }
    return precision == .f32 ? name : "\(name), \(precision.rawValue)"
  }

  /// What computes this convolution.
  ///
  /// - Parameter blockedBy: Channels in a block of the input's layout, 1 for images in NCHW.
  public func algorithm(
    for shape: ConvolutionShape, _ direction: Convolution.Direction, blockedBy lanes: Int
  ) -> ConvolutionAlgorithm {
    if case .table(let table) = choice, let winner = table[shape, direction], allows(winner) { return winner }
    let cost = ConvolutionCost(shape, direction)
    let candidates = ConvolutionAlgorithm.allCases.filter {
      $0.isAvailable && allows($0) && $0.fits(shape, blockedBy: lanes)
    }
    return candidates.min { cost.nanoseconds($0) < cost.nanoseconds($1) } ?? .direct
  }

  private func allows(_ algorithm: ConvolutionAlgorithm) -> Bool {
    switch algorithm {
    case .direct: true
    case .winograd: choice != .direct
    case .bf16: precision == .bf16
    }
  }
}

extension ConvolutionAlgorithm {
  /// Whether oneDNN has more than reference code for the shape.
  ///
  /// - Parameter blockedBy: Channels in a block of the input's layout, 1 for images in NCHW.
  public func fits(_ shape: ConvolutionShape, blockedBy lanes: Int) -> Bool {
    switch self {
    case .direct: true
    case .winograd: shape.kernel == 3 && shape.stride == 1 && lanes == 16
    case .bf16: lanes == 16 || lanes == 1 && shape.inChannels == 3
    }
  }
}
