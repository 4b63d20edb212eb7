import Layers
import Testing

@testable import Networks

/// Networks from which channels between the convolutions of blocks were taken.
@Suite struct InnerChannelsTests {
  @Test(arguments: [18, 50]) func allOfThemAreTheFamilysNetwork(depth: Int) {
    let whole = ResNetConfiguration(depth: depth)
    var same = whole
    same.innerChannels = whole.blueprint.innerChannels
    #expect(same.blueprint == whole.blueprint)
    #expect(whole.blueprint.innerChannels.count == (depth == 18 ? 8 : 32))
  }

  /// What a shortcut adds up stays, and so do gates' hidden units, which are a quarter of what the whole network has.
  @Test func bottlenecksGrowThinBetweenTheirEnds() {
    var configuration = ResNetConfiguration(depth: 50)
    configuration.width = 8
    let whole = configuration.blueprint
    configuration.innerChannels = Array(repeating: 3, count: 32)
    configuration.innerChannels![1] = 5
    let thin = configuration.blueprint
    let block = thin.blocks[0]
    #expect(
      block.path.map(\.shape.inChannels) == [8, 3, 5] && block.path.map(\.shape.outChannels) == [3, 5, 32])
    #expect(block.projection?.shape == whole.blocks[0].projection?.shape)
    #expect(thin.gates[0] == .init(name: "layer1.0.gate1", inChannels: 8, hidden: 2, channels: 3))
    #expect(thin.gates[1] == .init(name: "layer1.0.gate2", inChannels: 3, hidden: 2, channels: 5))
    #expect(thin.featureCount == whole.featureCount && thin.stages == whole.stages)
    #expect(MACs(thin).blocks[0].dense == 32 * 32 * (8 * 3 + 9 * 3 * 5 + 5 * 32 + 8 * 32))
    #expect(MACs(thin).blocks[0].gateMACs == 2 * (8 + 3) + 2 * (3 + 5))
    let network = StackedBackbone(configuration)
    #expect(network.blueprint == thin)
    let squeeze = network.parameters.first { $0.name == "layer1.0.gate2.0.weight" }
    #expect(squeeze?.shape == [2, 3, 1, 1])
  }

  /// Pooled maps and features are whole.
  @Test func stagesOfVGGsGrowThinBetweenTheirEnds() {
    var configuration = VGGConfiguration(depth: 16)
    configuration.width = 4
    let whole = configuration.blueprint
    configuration.innerChannels = whole.innerChannels.map { $0 - 1 }
    let thin = configuration.blueprint
    #expect(thin.featureCount == 32 && thin.stem == whole.stem)
    for (thin, whole) in zip(thin.blocks, whole.blocks) {
      #expect(thin.path.last?.shape.outChannels == whole.path.last?.shape.outChannels)
      #expect(
        thin.path.dropLast().map(\.shape.outChannels)
          == whole.path.dropLast().map { $0.shape.outChannels - 1 })
    }
    #expect(zip(thin.gates, whole.gates).allSatisfy { $0.hidden == $1.hidden })
  }
}
