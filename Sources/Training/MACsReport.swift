import Evaluation
import Foundation
import Foundations
import Metrics
import Networks
import Objectives

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
  private let measured: MeasuredMACs?

  /// - Parameter budget: nil without gates. The same share of channels is open at every gate, as large as its target
  ///   allows, in whole channels.
  /// - Parameter measured: What images really took; nil: nothing was measured.
  public init(_ blueprint: Blueprint, budget: Budget?, measured: MeasuredMACs? = nil) {
    self.measured = measured
    imageSize = blueprint.inputSize
    let macs = MACs(blueprint)
    let density = budget.map { $0.cost(macs).density(target: $0.target) } ?? 1
    let open = blueprint.gates.map { Int((density * Double($0.channels)).rounded(.down)) }
    func layer(_ site: Blueprint.Site) -> Layer {
      Layer(name: site.name, dense: site.macs, gated: site.macs(open: open))
    }
    layers =
      [layer(blueprint.stem)]
      + blueprint.blocks.flatMap { block in
        block.sites.map(layer)
          + blueprint.gates[block.gates].map { Layer(name: $0.name, dense: 0, gated: $0.macs) }
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
      "measured": measured.map(json) ?? .null,
    ])
  }

  private func json(_ measured: MeasuredMACs) -> JSONValue {
    func spread(_ spread: MeasuredMACs.Spread) -> [(key: String, value: JSONValue)] {
      [("mean", .number(spread.mean)), ("p5", .number(spread.low)), ("p95", .number(spread.high))]
    }
    return .object(
      keyed: [
        ("images", .integer(measured.images)), ("gate_macs", .integer(Int(measured.gates))),
        ("macs_share", .number(measured.spent.mean / Double(measured.dense))),
      ] + spread(measured.spent) + [
        (
          "blocks",
          .list(
            measured.blocks.map { block in
              .object(
                keyed: [
                  ("name", .text(block.name)), ("dense_macs", .integer(Int(block.dense))),
                  ("gate_macs", .integer(Int(block.gates))),
                ] + spread(block.spent))
            })
        )
      ])
  }

  public var text: String {
    func row(_ name: String, _ dense: String, _ gated: String) -> String {
      name.padded(to: 24) + dense.rightAligned(in: 16) + gated.rightAligned(in: 16)
    }
    return
      ([row("MACs at \(imageSize)×\(imageSize)", "dense", "budget")]
      + layers.map { row($0.name, "\($0.dense)", "\($0.gated)") }
      + [row("total", "\(dense)", "\(gated)")] + (measured.map(table) ?? [])).joined(separator: "\n")
  }

  /// What images took, by block.
  private func table(_ measured: MeasuredMACs) -> [String] {
    func row(_ name: String, _ dense: String, _ gates: String, _ spread: [String]) -> String {
      name.padded(to: 12) + ([dense, gates] + spread).map { $0.rightAligned(in: 16) }.joined()
    }
    func numbers(_ spread: MeasuredMACs.Spread) -> [String] {
      [spread.mean, spread.low, spread.high].map { decimals($0, 0) }
    }
    return
      ["", "measured on \(counted(measured.images, "image")), gates included"]
      + [row("", "dense", "gates alone", ["mean", "5th percentile", "95th"])]
      + measured.blocks.map { row($0.name, "\($0.dense)", "\($0.gates)", numbers($0.spent)) }
      + [row("total", "\(measured.dense)", "\(measured.gates)", numbers(measured.spent))]
      + [
        "that is \(percent(100 * measured.spent.mean / Double(measured.dense))) of the dense network's in the mean"
      ]
  }
}
