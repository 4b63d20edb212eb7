import Layers

// How a configuration fits the machine that it runs on.
extension Configuration {
  /// Why this machine cannot compute as this configuration says; nil if it can.
  public var processorConflict: ConfigurationError? {
    guard precision == .bf16, !ConvolutionBackends.linked.support(.bf16) else { return nil }
    return .conflict(
      "precision bf16 needs a processor with AVX-512 and its bf16 instructions (avx512_bf16), which oneDNN does not "
        + "find here: use precision f32")
  }

  /// That the table of kernels was measured with something else than what is here; nil: it was not, or there is none.
  package func kernelWarning(here: [ConvolutionLibrary] = ConvolutionBackends.linked.libraries) -> String? {
    guard case .table(let table) = kernels, table.libraries != here else { return nil }
    func text(_ libraries: [ConvolutionLibrary]) -> String {
      libraries.map(\.description).joined(separator: " and ")
    }
    return "the table of kernels was measured with \(text(table.libraries)), here is \(text(here)): "
      + "others may be faster"
  }
}
