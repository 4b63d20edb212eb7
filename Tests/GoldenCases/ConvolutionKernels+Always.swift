import Layers

extension ConvolutionKernels {
  /// This algorithm for one shape, all directions, where the library has it; rules choose it by speed only.
  public static func always(_ algorithm: ConvolutionAlgorithm, _ shape: ConvolutionShape) -> Self {
    var table = KernelTable(library: "any", instructionSet: "any")
    table.append(
      shape, Dictionary(uniqueKeysWithValues: Convolution.Direction.allCases.map { ($0, algorithm) }))
    return Self(.table(table), precision: algorithm == .bf16 ? .bf16 : .f32)
  }
}
