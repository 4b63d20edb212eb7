import Networks
import Testing

/// Contract C6.
@Suite struct MACsTests {
  private func blueprint(
    _ stem: ResNetConfiguration.Stem, depth: Int = 18, padding: Int = 1, size: Int, width: Int = 64
  ) -> Blueprint {
    var configuration = ResNetConfiguration(depth: depth)
    configuration.inputSize = size
    configuration.stem = stem
    configuration.stemPadding = padding
    configuration.width = width
    return configuration.blueprint
  }

  @Test func denseCountsAreThePapers() {
    #expect(MACs(blueprint(.imagenet, size: 224)).dense == 1_813_561_344)
    #expect(MACs(blueprint(.cifar, padding: 2, size: 32)).dense == 703_560_448)
    #expect(MACs(blueprint(.cifar, size: 32)).dense == 555_417_600)
    #expect(MACs(blueprint(.imagenet, size: 96)).dense == 333_103_104)
    #expect(MACs(blueprint(.imagenet, size: 224)).gates == 240_640)
    #expect(MACs(blueprint(.cifar, size: 32, width: 8)).dense == 8_871_936)
  }

  /// torchvision's networks without their classifiers of 1,000 classes: 3,664 and 4,089 million MACs with them.
  @Test func deeperNetworksCostWhatTorchvisionsDo() {
    let (deeper, bottlenecks) = (
      MACs(blueprint(.imagenet, depth: 34, size: 224)), MACs(blueprint(.imagenet, depth: 50, size: 224))
    )
    #expect(deeper.dense + 512_000 == 3_663_761_408)
    #expect(bottlenecks.dense + 2_048_000 == 4_089_184_256)
    #expect(bottlenecks.gates == 5_693_440 && bottlenecks.allClosed == 483_368_960)
  }

  /// 15,346,630,656 for a VGG-16 at 224×224 are torchvision's 15,470 million without its classifier's.
  @Test func vggsCostWhatTorchvisionsDo() {
    func macs(depth: Int, size: Int) -> MACs {
      var configuration = VGGConfiguration(depth: depth)
      configuration.inputSize = size
      return MACs(configuration.blueprint)
    }
    #expect(macs(depth: 11, size: 224).dense == 7_485_456_384)
    #expect(macs(depth: 13, size: 224).dense == 11_184_832_512)
    #expect(macs(depth: 16, size: 224).dense == 15_346_630_656)
    #expect(macs(depth: 19, size: 224).dense == 19_508_428_800)
    let small = macs(depth: 16, size: 32)
    #expect(small.dense == 313_196_544 && small.gates == 490_496)
    // With all gates closed stem and first stage are left, as they have none.
    #expect(small.allClosed == 9 * 32 * 32 * (3 * 64 + 64 * 64) + 490_496)
    #expect(small.gated(open: small.channels) == small.dense + small.gates)
    // In a stage of three convolutions two gates meet: features.14, .17 and .20, at 8×8.
    var open = small.channels.map { _ in 0 }
    (open[1], open[2]) = (3, 5)
    #expect(small.gated(open: open) - small.allClosed == 9 * 8 * 8 * (128 * 3 + 3 * 5 + 5 * 256))
  }

  @Test func gatedCountsFollowTheOpenChannels() {
    let macs = MACs(blueprint(.cifar, size: 32))
    #expect(macs.gated(open: macs.channels) == macs.dense + macs.gates)
    #expect(macs.gated(open: macs.channels.map { _ in 0 }) == macs.allClosed)
    var open = macs.channels.map { _ in 0 }
    open[2] = 3
    // 9·n·H'W'·(C_in + C_out) for three channels of a block from 64 to 128 channels on maps of 16×16.
    #expect(macs.gated(open: open) - macs.allClosed == 9 * 3 * 16 * 16 * (64 + 128))
  }

  /// In a bottleneck conv₁ costs n₁·C_in·HW, conv₂ 9·n₁·n₂·H'W', conv₃ n₂·C_out·H'W' [D].
  @Test func aBottlenecksCostIsBilinear() {
    let blueprint = blueprint(.cifar, depth: 50, size: 32)
    let macs = MACs(blueprint)
    #expect(macs.gated(open: macs.channels) == macs.dense + macs.gates)
    // layer2.0: from 256 channels of 32×32 over 128 inner ones to 512 of 16×16.
    #expect(blueprint.gates[6].name == "layer2.0.gate1" && blueprint.gates[7].name == "layer2.0.gate2")
    func cost(_ first: Int, _ second: Int) -> Int64 {
      var open = macs.channels.map { _ in 0 }
      (open[6], open[7]) = (first, second)
      return macs.gated(open: open) - macs.allClosed
    }
    #expect(cost(3, 0) == 3 * 256 * 32 * 32)
    #expect(cost(0, 5) == 5 * 512 * 16 * 16)
    #expect(cost(3, 5) == cost(3, 0) + cost(0, 5) + 9 * 3 * 5 * 16 * 16)
    // The price of one more channel is the difference that it makes.
    var open = macs.channels.map { _ in 0.0 }
    (open[6], open[7]) = (3, 5)
    #expect(GateCost(macs).slope(of: 6, open: open) == Double(cost(4, 5) - cost(3, 5)))
    #expect(GateCost(macs).slope(of: 7, open: open) == Double(cost(3, 6) - cost(3, 5)))
  }

  /// Images that open one gate each cost nothing where the gates meet: products are taken image by image.
  @Test func meanCostIsTheMeanOfCosts() {
    let macs = MACs(blueprint(.cifar, depth: 50, size: 32, width: 8))
    let all = macs.channels.indices.map { $0 % 2 == 0 ? macs.channels[$0] : 0 }
    let images = [all, zip(macs.channels, all).map { $0 - $1 }]
    var usage = GateUsage(macs)
    for open in images { usage.add(open.map(Double.init), macs) }
    let mean = Double(images.reduce(0) { $0 + macs.gated(open: $1) }) / 2
    #expect(macs.share(usage) == mean / Double(macs.dense))
    #expect(usage.products.allSatisfy { $0 == 0 })
    #expect(usage.density(of: 0, macs) == 0.5)
  }

  @Test func networksWithoutGatesHaveNoGateCosts() {
    var configuration = ResNetConfiguration()
    configuration.gated = false
    let macs = MACs(configuration.blueprint)
    #expect(macs.gates == 0 && macs.dense == 555_417_600)
    var usage = GateUsage(macs)
    usage.add([], macs)
    #expect(macs.share(usage) == 1)
  }
}
