import Datasets
import Layers
import Tensors

/// Masks in which each channel is open with the same probability, on its own: what gates that know nothing would decide. A
/// function of image, gate and channel.
final class DrawnMasks: GateMasks {
  private let density: Double
  private let firstImage: Int

  /// - Parameter firstImage: The number of the image in row 0.
  init(density: Double, firstImage: Int) {
    self.density = density
    self.firstImage = firstImage
  }

  func fill(_ mask: inout [Float], gate: Int, row: Int) {
    let draws = RandomDraws(seed: 0, purpose: .test, index: firstImage + row, layer: gate)
    for channel in mask.indices { mask[channel] = Double(draws.uniform(channel)) < density ? 1 : 0 }
  }
}

/// The masks of another pass over the same images.
final class RepeatedMasks: GateMasks {
  private let gates: [GateRecord]

  init(_ gates: [GateRecord]) { self.gates = gates }

  func fill(_ mask: inout [Float], gate: Int, row: Int) {
    let decided = gates[gate].mask
    for channel in mask.indices { mask[channel] = decided.row(row)[channel] }
  }
}
