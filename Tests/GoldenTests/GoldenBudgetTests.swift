import Foundation
import GoldenCases
import Layers
import Networks
import Objectives
import Tensors
import Testing

/// Budget and bound loss on given masks.
@Suite struct GoldenBudgetTests {
  @Test(arguments: GoldenCase.all(.budget))
  func goldenBudgets(_ golden: GoldenCase) throws {
    let file = try golden.tensors("budget")
    var comparisons: [Comparison] = []
    for (name, entry) in try golden.decode([String: Entry].self, "budget").sorted(by: { $0.key < $1.key }) {
      switch entry {
      case .annealing(let annealing):
        for (epoch, p) in annealing.p.enumerated() {
          let found = Budget.annealing(alpha: annealing.alpha, epoch: epoch)
          comparisons.append(.scalar("p of epoch \(epoch)", found, p, relative: 1e-12))
        }
      case .network(let network): comparisons += try network.compare(name, file)
      }
    }
    expectAll(comparisons, golden)
  }
}

private struct Annealing: Decodable {
  let alpha: Double
  let p: [Double]
}

/// A value of `budget.json`: networks by name and, beside them, `annealing`.
private enum Entry: Decodable {
  case annealing(Annealing)
  case network(Network)

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    self =
      if let annealing = try? container.decode(Annealing.self) {
        .annealing(annealing)
      } else {
        .network(try container.decode(Network.self))
      }
  }
}

private struct Network: Decodable {
  struct Case: Decodable {
    let target: Double
    let epoch: Int
    let p: Double
    let spar: Double
    let bound: Double
    let dspar: [Double]
    let dboundOpen: [Double]
  }
  struct Ranks: Decodable {
    let target: Double
    let epoch: Int
    let spar: [Double]
    let bound: [Double]
  }

  let width: Int
  let input: Int
  let batch: Int
  let blocks: [String]
  let channels: [Int]
  let dense: Double
  let flopsPerSample: [Double]
  let ratio: Double
  let density: [Double]
  let cases: [Case]
  let twoRanks: Ranks?

  func compare(_ name: String, _ file: SafetensorsFile) throws -> [Comparison] {
    let macs = ResNetConfiguration.stems(width: width, inputSize: input).map { MACs($0.blueprint) }
      .first { Double($0.dense) == dense }
    guard let macs else {
      return [Comparison("\(name): no network of \(dense)", error: .infinity, tolerance: 0)]
    }
    let masks = try blocks.map { try file.floats("\(name).mask.\($0)") }
    /// Open channels of each gate, for every sample.
    let counts = (0..<batch).map { sample in
      zip(masks, channels).map { mask, channels in
        mask[sample * channels..<(sample + 1) * channels].count { $0 > 0 }
      }
    }
    func usage(_ samples: Range<Int>) -> GateUsage {
      var usage = GateUsage(macs)
      for counts in counts[samples] { usage.add(counts.map(Double.init), macs) }
      return usage
    }

    var comparisons: [Comparison] = [
      .exact("\(name): blocks", macs.blocks.map(\.name), blocks),
      .exact("\(name): channels", macs.channels, channels),
      .exact("\(name): MACs of each sample", counts.map { Double(macs.gated(open: $0)) }, flopsPerSample),
    ]
    func terms(_ samples: Range<Int>, target: Double, p: Double) -> Budget.Terms {
      Budget(target: target).terms(usage(samples), annealing: p, macs: macs)
    }
    func budgetGradients(_ terms: Budget.Terms) -> [Double] {
      macs.channels.indices.map {
        terms.budgetGradient(perOpenChannel: GateCost(macs).slope(of: $0, open: usage(0..<1).open))
      }
    }
    func scalar(_ what: String, _ found: Double, _ expected: Double) -> Comparison {
      .scalar("\(name), \(what)", found, expected, relative: 1e-5, absolute: 5e-7)
    }
    for golden in cases {
      let found = terms(0..<batch, target: golden.target, p: golden.p)
      let what = "t \(golden.target), epoch \(golden.epoch)"
      comparisons += [
        scalar("\(what): spar", found.budget, golden.spar),
        scalar("\(what): bound", found.bound, golden.bound),
        scalar("\(what): ratio", found.macsShare, ratio),
        .tensor("\(name), \(what): density", found.densities, density, relativeToLargest: 1e-12),
        .tensor(
          "\(name), \(what): dspar", budgetGradients(found), golden.dspar, relativeToLargest: 1e-10),
        .tensor(
          "\(name), \(what): dbound", found.boundGradients, golden.dboundOpen,
          relativeToLargest: 1e-10),
      ]
    }
    guard let twoRanks,
      let golden = cases.first(where: {
        $0.target == twoRanks.target && $0.epoch == twoRanks.epoch
      })
    else { return comparisons }
    let found = terms(0..<batch, target: golden.target, p: golden.p)
    for (block, blockName) in blocks.enumerated() {
      let all = masks[block].map { _ in Float(budgetGradients(found)[block]) }
      let open = masks[block].map { $0 > 0 ? Float(found.boundGradients[block]) : 0 }
      comparisons += [
        .tensor("\(name).dspar", all, try file.floats("\(name).dspar.\(blockName)"), relativeToLargest: 2e-5),
        .tensor(
          "\(name).dbound", open, try file.floats("\(name).dbound.\(blockName)"), relativeToLargest: 2e-5),
      ]
    }
    let size = batch / twoRanks.spar.count
    for rank in twoRanks.spar.indices {
      let found = terms(rank * size..<(rank + 1) * size, target: golden.target, p: golden.p)
      comparisons += [
        scalar("spar of part \(rank)", found.budget, twoRanks.spar[rank]),
        scalar("bound of part \(rank)", found.bound, twoRanks.bound[rank]),
      ]
    }
    return comparisons
  }
}
