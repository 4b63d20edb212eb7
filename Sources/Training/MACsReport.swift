import Foundation
import Foundations
import Metrics
import Networks

/// A network's multiply-adds layer by layer, dense and at a budget.
public struct MACsReport: Report {
  private struct Layer {
    let name: String
    let dense: Int64
    let gated: Int64
  }

  private let layers: [Layer]
  private let dense: Int64
  private let gated: Int64
  private let imageSize: Int

  /// - Parameter target: t_d; nil without gates. The same share of channels is open in every block, as large
  ///   as the target allows, in whole channels.
  public init(_ macs: MACs, target: Double?, imageSize: Int) {
    self.imageSize = imageSize
    let variable = macs.blocks.reduce(0.0) { $0 + Double($1.conv1 + $1.conv2) }
    let density = target.map { ($0 * Double(macs.dense) - Double(macs.allClosed)) / variable } ?? 1
    layers =
      [Layer(name: "conv1", dense: macs.stem, gated: macs.stem)]
      + macs.blocks.flatMap { block -> [Layer] in
        let open = Int64((min(max(density, 0), 1) * Double(block.outChannels)).rounded(.down))
        let channels = Int64(block.outChannels)
        return [
          Layer(name: "\(block.name).conv1", dense: block.conv1, gated: block.conv1 / channels * open),
          Layer(name: "\(block.name).conv2", dense: block.conv2, gated: block.conv2 / channels * open),
          Layer(name: "\(block.name).downsample.0", dense: block.downsample, gated: block.downsample),
          Layer(name: "\(block.name).gate", dense: 0, gated: block.gate),
        ].filter { $0.dense > 0 || $0.gated > 0 }
      }
    dense = macs.dense
    gated = layers.reduce(0) { $0 + $1.gated }
  }

  public var json: JSONValue {
    .object([
      "dense_macs": .integer(Int(dense)), "gated_macs": .integer(Int(gated)),
      "input_size": .integer(imageSize),
      "layers": .list(
        layers.map {
          .object([
            "name": .text($0.name), "dense_macs": .integer(Int($0.dense)),
            "gated_macs": .integer(Int($0.gated)),
          ])
        }),
    ])
  }

  public var text: String {
    func row(_ name: String, _ dense: String, _ gated: String) -> String {
      name.padded(to: 24) + dense.rightAligned(in: 16) + gated.rightAligned(in: 16)
    }
    return
      ([row("MACs at \(imageSize)×\(imageSize)", "dense", "budget")]
      + layers.map { row($0.name, "\($0.dense)", "\($0.gated)") }
      + [row("total", "\(dense)", "\(gated)")]).joined(separator: "\n")
  }
}
