import Layers
import TestSupport
import Testing

@testable import Networks

@Suite struct GateCostTests {
  private static func macs(depth: Int) -> MACs {
    var configuration = ResNetConfiguration(depth: depth)
    configuration.width = 8
    return MACs(configuration.blueprint)
  }

  /// Image by image, in whole numbers that a Double holds.
  @Test(arguments: [18, 50]) func theCostInMACsIsTheirPolynomial(depth: Int) {
    let macs = Self.macs(depth: depth)
    let cost = GateCost(macs)
    var numbers = TestNumbers(seed: 90)
    for _ in 0..<5 {
      let open = zip(macs.channels, numbers.uniforms(macs.channels.count)).map { Int(Float($0) * $1) }
      var usage = GateUsage(macs)
      usage.add(open.map(Double.init), macs)
      #expect(cost.share(usage) == Double(macs.gated(open: open)) / Double(macs.dense))
    }
    #expect(cost.allOpen == Double(macs.gated(open: macs.channels)))
  }

  /// Also where all that is open costs less than the target, and all that is closed more.
  @Test(arguments: [18, 50]) func aDensityCostsItsTarget(depth: Int) {
    let macs = Self.macs(depth: depth)
    let cost = GateCost(macs)
    for target in [0.3, 0.6, 0.9] {
      let density = cost.density(target: target)
      var usage = GateUsage(macs)
      usage.add(macs.channels.map { density * Double($0) }, macs)
      #expect(abs(cost.share(usage) - target) < 1e-12)
    }
    #expect(cost.density(target: 0) == 0 && cost.density(target: 2) == 1)
  }
}
