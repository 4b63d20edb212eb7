import Foundation
import Layers
import Networks
import Objectives
import TestSupport
import Testing

@Suite struct BudgetTests {
  private let macs: MACs = {
    var configuration = ResNetConfiguration()
    configuration.width = 8
    return MACs(ResNet(configuration), imageSize: 32)
  }()

  /// ∂/∂mask from the sums that the losses are made of: a mask's number counts once in its block's sum.
  @Test(arguments: Budget.BoundTarget.allCases, [0.1, 0.5, 1.0])
  func gradientsMatchFiniteDifferences(_ boundTarget: Budget.BoundTarget, target: Double) {
    var numbers = TestNumbers(seed: 80)
    let images = 6
    let budget = Budget(target: target, lambda: 5, gamma: 0.7, boundTarget: boundTarget)
    for p in [1.0, 0.8, 0.3] {
      let open = zip(macs.blocks, numbers.uniforms(8)).map { Double(images * $0.outChannels) * Double($1) }
      let terms = budget.terms(open: open, images: images, annealing: p, macs: macs)
      for block in open.indices {
        func terms(_ change: Double) -> Budget.Terms {
          var open = open
          open[block] += change
          return budget.terms(open: open, images: images, annealing: p, macs: macs)
        }
        let (above, below) = (terms(1e-4), terms(-1e-4))
        let budgetSlope = (above.budget - below.budget) / 2e-4
        let boundSlope = (above.bound - below.bound) / 2e-4
        let gradient = terms(0).maskGradients[block]
        #expect(abs(gradient.all - budgetSlope) < 1e-6 * max(abs(budgetSlope), 1e-3))
        #expect(abs(gradient.open - boundSlope) < 1e-6 * max(abs(boundSlope), 1e-3))
      }
      #expect(terms.densities.count == 8)
    }
  }

  /// At the start both bounds coincide; as p falls they open, so a density between them costs nothing.
  @Test func boundsOpenAsTrainingGoesOn() {
    let budget = Budget(target: 0.25)  // q = 0.5
    func bound(density: Double, epoch: Int) -> Double {
      let open = macs.blocks.map { density * Double($0.outChannels) * 4 }
      let p = Budget.annealing(alpha: 0.02, epoch: epoch)
      return budget.terms(open: open, images: 4, annealing: p, macs: macs).bound
    }
    #expect(bound(density: 0.5, epoch: 0) == 0)
    #expect(abs(bound(density: 0.4, epoch: 0) - 0.01) < 1e-12)
    #expect(abs(bound(density: 0.6, epoch: 0) - 0.01) < 1e-12)
    #expect(bound(density: 0.4, epoch: 20) == 0 && bound(density: 0.6, epoch: 20) == 0)
    #expect(bound(density: 0.1, epoch: 20) > 0 && bound(density: 0.9, epoch: 20) > 0)
  }

  /// All channels open cost the dense network and its gates.
  @Test func everythingOpenIsTheDenseNetworkAndItsGates() {
    let open = macs.blocks.map { Double($0.outChannels * 3) }
    let terms = Budget(target: 1).terms(open: open, images: 3, annealing: 1, macs: macs)
    #expect(abs(terms.macsShare - Double(macs.dense + macs.gates) / Double(macs.dense)) < 1e-15)
    #expect(terms.densities == Array(repeating: 1, count: 8))
    #expect(terms.bound == 0)
  }
}
