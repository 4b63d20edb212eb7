import Layers
import TestSupport

/// Gives a batch norm parameters that leave whole channels on or off, so that no ReLU behind it is near its kink.
func settle(_ norm: BatchNorm?, scale: Float, shift: Float, _ numbers: inout TestNumbers) {
  guard let norm else { return }
  norm.weight!.array = numbers.uniforms(norm.channels, scale / 2, scale)
  norm.bias!.array = (0..<norm.channels).map { $0 % 3 == 1 ? -shift : shift }
}
