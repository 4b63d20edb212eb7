import Datasets
import Layers
import Tensors

/// Masks in which each channel is open with the same probability, on its own: what gates that know nothing would decide. A
/// function of image, gate and channel, drawn beforehand, as drawing them takes time.
final class DrawnMasks: GateMasks {
  /// By gate and row.
  private let masks: [[[Float]]]

  /// - Parameters:
  ///   - images: The numbers of the images in the rows.
  ///   - channels: By gate.
  init(density: Double, images: Range<Int>, channels: [Int]) {
    masks = channels.enumerated().map { gate, channels in
      images.map { image in
        let draws = RandomDraws(seed: 0, purpose: .test, index: image, layer: gate)
        return (0..<channels).map { Double(draws.uniform($0)) < density ? 1 : 0 }
      }
    }
  }

  func fill(_ mask: inout [Float], gate: Int, row: Int) { mask = masks[gate][row] }
}

/// Masks like those of trained gates, with a density for each: every other channel is open for all images or for none, the
/// others for each image on its own. Images that share open channels share the reading of their weights.
final class PartlySharedMasks: GateMasks {
  private let densities: [Double]
  private let setting: Int

  /// - Parameters:
  ///   - densities: By gate.
  ///   - setting: Others have other masks.
  init(densities: [Double], setting: Int) {
    self.densities = densities
    self.setting = setting
  }

  func fill(_ mask: inout [Float], gate: Int, row: Int) {
    func draws(_ index: Int) -> RandomDraws {
      RandomDraws(seed: UInt64(setting), purpose: .test, index: index, layer: gate)
    }
    let (shared, own) = (draws(0), draws(1 + row))
    for channel in mask.indices {
      let draw = (channel.isMultiple(of: 2) ? shared : own).uniform(channel)
      mask[channel] = Double(draw) < densities[gate] ? 1 : 0
    }
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
