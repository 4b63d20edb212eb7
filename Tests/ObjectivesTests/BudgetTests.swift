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

  /// ∂/∂mask by finite differences in each image's count: a mask's number counts once in it. In a bottleneck every
  /// image has its own gradient.
  @Test(arguments: Budget.BoundTarget.allCases, [0.1, 0.5, 1.0])
  func gradientsMatchFiniteDifferences(_ boundTarget: Budget.BoundTarget, target: Double) {
    let budget = Budget(target: target, lambda: 5, gamma: 0.7, boundTarget: boundTarget)
    for depth in [18, 50] {
      var numbers = TestNumbers(seed: 80)
      let macs = macs(depth: depth)
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
              perOpenChannel: macs.perOpenChannel(of: gate, open: open[image]))
            #expect(abs(gradient - budgetSlope) < 1e-6 * max(abs(budgetSlope), 1e-3))
            #expect(abs(terms(0).boundGradients[gate] - boundSlope) < 1e-6 * max(abs(boundSlope), 1e-3))
          }
        }
      }
    }
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
