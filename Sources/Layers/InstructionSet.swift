import CInstructions
import Foundation

/// What the kernels' vector code is compiled for. All give the same bits (contract C9); they differ in speed.
public enum InstructionSet: String, CaseIterable, Sendable {
  case baseline, avx2, avx512

  /// The variable that holds the name of the largest that may be used.
  public static let variable = "SLUICE_MAX_ISA"

  /// The processor's largest, or what the variable allows.
  public static let best: Self = allCases.first { $0.code == instructions_best() } ?? .baseline

  /// Whether the processor has it, and this program code for it.
  public var isAvailable: Bool { instructions_available(code) != 0 }

  /// Refuses a variable that names no instruction set, or one that is not available.
  public static func checkVariable() throws(InstructionSetError) {
    guard let name = ProcessInfo.processInfo.environment[variable] else { return }
    guard let set = Self(rawValue: name) else { throw .unknown(name) }
    guard set.isAvailable else { throw .missing(set) }
  }

  var code: instruction_set {
    switch self {
    case .baseline: INSTRUCTIONS_BASELINE
    case .avx2: INSTRUCTIONS_AVX2
    case .avx512: INSTRUCTIONS_AVX512
    }
  }
}

/// What is wrong with the variable.
public enum InstructionSetError: Error, Equatable, CustomStringConvertible {
  case unknown(String)
  case missing(InstructionSet)

  public var description: String {
    let known = InstructionSet.allCases.filter(\.isAvailable).map(\.rawValue).joined(separator: ", ")
    return switch self {
    case .unknown(let name):
      "\(InstructionSet.variable) is '\(name)', which must be one of \(known), or unset"
    case .missing(let set):
      "\(InstructionSet.variable) is '\(set.rawValue)', which this processor does not have: set one of \(known), "
        + "or unset it"
    }
  }
}
