import Layers

extension ConvolutionKernels {
  /// This algorithm for one shape, all directions, where its backend has it; rules choose it by speed only.
  public static func always(
    _ algorithm: ConvolutionAlgorithm, _ shape: ConvolutionShape, backends: ConvolutionBackends = .linked
  ) -> Self {
    var table = KernelTable(measuredWith: [])
    table.append(
      shape, Dictionary(uniqueKeysWithValues: Convolution.Direction.allCases.map { ($0, algorithm) }))
    return Self(.table(table), precision: algorithm.precision, backends: backends)
  }
}
