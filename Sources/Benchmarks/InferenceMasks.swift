import Datasets
import Layers
import Tensors

/// Masks that were drawn beforehand, as drawing them takes time.
final class DrawnMasks: GateMasks {
  /// By gate and row.
  private let masks: [[[Float]]]

  /// - Parameter mask: What a gate decides for a row.
  private init(rows: Int, channels: [Int], _ mask: (_ gate: Int, _ row: Int) -> [Float]) {
    masks = channels.indices.map { gate in (0..<rows).map { mask(gate, $0) } }
  }

  func fill(_ mask: inout [Float], gate: Int, row: Int) { mask = masks[gate][row] }

  /// By row and gate: open channels.
  var openByRow: [[Double]] {
    (masks.first ?? []).indices.map { row in masks.map { $0[row].reduce(0.0) { $0 + Double($1) } } }
  }

  /// Each group of channels is open with the same probability, on its own: what gates that know nothing would decide. A
  /// function of image, gate and group.
  ///
  /// - Parameters:
  ///   - images: The numbers of the images in the rows.
  ///   - channels: By gate.
  ///   - group: How many channels open together.
  convenience init(density: Double, images: Range<Int>, channels: [Int], group: Int) {
    self.init(rows: images.count, channels: channels) { gate, row in
      let draws = RandomDraws(seed: 0, purpose: .test, index: images.lowerBound + row, layer: gate)
      return (0..<channels[gate]).map { Double(draws.uniform($0 / group)) < density ? 1 : 0 }
    }
  }

  /// Like those of trained gates, with a density for each: every other group of channels is open for all images or for none,
  /// the others for each image on its own. Images that share open channels share the reading of their weights.
  ///
  /// - Parameters:
  ///   - densities: By gate.
  ///   - setting: Others have other masks.
  ///   - channels: By gate.
  ///   - group: How many channels open together.
  convenience init(densities: [Double], setting: Int, rows: Int, channels: [Int], group: Int) {
    self.init(rows: rows, channels: channels) { gate, row in
      func draws(_ index: Int) -> RandomDraws {
        RandomDraws(seed: UInt64(setting), purpose: .test, index: index, layer: gate)
      }
      let (shared, own) = (draws(0), draws(1 + row))
      return (0..<channels[gate]).map { channel in
        let number = channel / group
        let draw = (number.isMultiple(of: 2) ? shared : own).uniform(number)
        return Double(draw) < densities[gate] ? 1 : 0
      }
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
