import Layers

// How a configuration fits the machine that it runs on.
extension Configuration {
  /// Why this machine cannot compute as this configuration says; nil if it can.
  public var processorConflict: ConfigurationError? {
    guard precision == .bf16, !ConvolutionAlgorithm.bf16.isAvailable else { return nil }
    return .conflict(
      "precision bf16 needs a processor with AVX-512 and its bf16 instructions (avx512_bf16), which oneDNN does not "
        + "find here: use precision f32")
  }

  /// That the table of kernels was measured with something else than what is here; nil: it was not, or there is none.
  package func kernelWarning(here: KernelLibrary = .linked) -> String? {
    guard case .table(let table) = kernels else { return nil }
    let (there, now) = (
      "oneDNN \(table.library) on \(table.instructionSet)", "oneDNN \(here.version) on \(here.instructionSet)"
    )
    return there == now
      ? nil : "the table of kernels was measured with \(there), here is \(now): others may be faster"
  }
}
