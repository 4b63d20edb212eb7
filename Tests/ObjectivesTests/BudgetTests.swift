import Foundation
import Layers
import Networks
import Objectives
import TestSupport
import Testing

@Suite struct BudgetTests {
  private func macs(depth: Int = 18) -> MACs {
    var configuration = ResNetConfiguration(depth: depth)
    configuration.width = 8
    return MACs(configuration.blueprint)
  }

  private func usage(_ images: [[Double]], _ macs: MACs) -> GateUsage {
    var usage = GateUsage(macs)
    for open in images { usage.add(open, macs) }
    return usage
  }

  /// Times that are no multiple of the MACs, in microseconds.
  private static func latency(_ macs: MACs) -> GateCost {
    GateCost(
      allClosed: 300, perOpenChannel: macs.channels.indices.map { 0.5 + 0.25 * Double($0) },
      channels: macs.channels)
  }

  /// ∂/∂mask by finite differences in each image's count: a mask's number counts once in it. In a bottleneck every
  /// image has its own gradient.
  @Test(arguments: Budget.BoundTarget.allCases, [0.1, 0.5, 1.0])
  func gradientsMatchFiniteDifferences(_ boundTarget: Budget.BoundTarget, target: Double) {
    for (depth, isTimed) in [(18, false), (50, false), (18, true)] {
      var numbers = TestNumbers(seed: 80)
      let macs = macs(depth: depth)
      let budget = Budget(
        target: target, latency: isTimed ? Self.latency(macs) : nil, lambda: 5, gamma: 0.7,
        boundTarget: boundTarget)
      let gates = macs.channels.count
      let open = (0..<3).map { _ in
        zip(macs.channels, numbers.uniforms(gates)).map { Double($0) * Double($1) }
      }
      for p in [1.0, 0.8, 0.3] {
        let terms = budget.terms(usage(open, macs), annealing: p, macs: macs)
        #expect(terms.densities.count == gates)
        for image in open.indices {
          for gate in 0..<gates {
            func terms(_ change: Double) -> Budget.Terms {
              var open = open
              open[image][gate] += change
              return budget.terms(usage(open, macs), annealing: p, macs: macs)
            }
            let (above, below) = (terms(1e-4), terms(-1e-4))
            let budgetSlope = (above.budget - below.budget) / 2e-4
            let boundSlope = (above.bound - below.bound) / 2e-4
            let gradient = terms(0).budgetGradient(
              perOpenChannel: budget.cost(macs).slope(of: gate, open: open[image]))
            #expect(abs(gradient - budgetSlope) < 1e-6 * max(abs(budgetSlope), 1e-3))
            #expect(abs(terms(0).boundGradients[gate] - boundSlope) < 1e-6 * max(abs(boundSlope), 1e-3))
          }
        }
      }
    }
  }

  /// A budget of time is of the table's sum; MACs are reported all the same.
  @Test func timeIsBudgetedByTheTable() {
    let macs = macs()
    var numbers = TestNumbers(seed: 81)
    let images = (0..<4).map { _ in
      zip(macs.channels, numbers.uniforms(macs.channels.count)).map { (Double($0) * Double($1)).rounded() }
    }
    let latency = Self.latency(macs)
    let budget = Budget(target: 0.5, latency: latency)
    let middle = (latency.allClosed + latency.allOpen) / 2
    #expect(
      abs(latency.share(ofCost: middle) - 0.5) < 1e-12 && abs(latency.cost(ofShare: 0.5) - middle) < 1e-9)
    let terms = budget.terms(usage(images, macs), annealing: 1, macs: macs)
    let times = images.map { 300 + zip(latency.perOpenChannel, $0).reduce(0) { $0 + $1.0 * $1.1 } }
    let mean = times.reduce(0, +) / 4
    #expect(abs((terms.latency ?? 0) - mean) < 1e-9 * mean)
    let excess = (mean - middle) / (latency.allOpen - latency.allClosed)
    #expect(abs(terms.budget - 5 * excess * excess) < 1e-12)
    let inMACs = Budget(target: 0.5).terms(usage(images, macs), annealing: 1, macs: macs)
    #expect(terms.macsShare == inMACs.macsShare && inMACs.latency == nil)
    #expect(terms.densities == inMACs.densities && terms.boundGradients == inMACs.boundGradients)
  }

  /// At the start both bounds coincide; as p falls they open, so a density between them costs nothing.
  @Test func boundsOpenAsTrainingGoesOn() {
    let macs = macs()
    let budget = Budget(target: 0.25)  // q = 0.5
    func bound(density: Double, epoch: Int) -> Double {
      let open = macs.channels.map { density * Double($0) }
      let p = Budget.annealing(alpha: 0.02, epoch: epoch)
      return budget.terms(usage(Array(repeating: open, count: 4), macs), annealing: p, macs: macs).bound
    }
    #expect(bound(density: 0.5, epoch: 0) == 0)
    #expect(abs(bound(density: 0.4, epoch: 0) - 0.01) < 1e-12)
    #expect(abs(bound(density: 0.6, epoch: 0) - 0.01) < 1e-12)
    #expect(bound(density: 0.4, epoch: 20) == 0 && bound(density: 0.6, epoch: 20) == 0)
    #expect(bound(density: 0.1, epoch: 20) > 0 && bound(density: 0.9, epoch: 20) > 0)
  }

  /// All channels open cost the dense network and its gates.
  @Test(arguments: [18, 50])
  func everythingOpenIsTheDenseNetworkAndItsGates(depth: Int) {
    let macs = macs(depth: depth)
    let all = macs.channels.map(Double.init)
    let terms = Budget(target: 1).terms(usage([all, all, all], macs), annealing: 1, macs: macs)
    #expect(abs(terms.macsShare - Double(macs.dense + macs.gates) / Double(macs.dense)) < 1e-15)
    #expect(terms.densities.allSatisfy { $0 == 1 } && terms.densities.count == macs.channels.count)
    #expect(terms.bound == 0)
  }
}
