import Layers
import Networks
import Tensors
import TestSupport
import Testing

@testable import Pruning

@Suite struct PruningRoundTests {
  private static func mask(_ counts: [Int]) -> PruningMask {
    PruningMask(keepingAll: counts.enumerated().map { Parameter("p\($0)", shape: [$1, 1, 1, 1]) })
  }

  private static func resNet(gated: Bool = true) -> StackedBackbone {
    var configuration = ResNetConfiguration(depth: 18)
    (configuration.width, configuration.inputSize, configuration.gated) = (4, 8, gated)
    let network = StackedBackbone(configuration)
    initializeWeights(backbone: network, heads: [], seed: 3)
    return network
  }

  /// 80, 64, 52, 42 … of 100: never one weight too many.
  @Test func aFifthOfWhatRemainsGoes() {
    var remaining = 100
    let counts = (0..<6).map { _ in
      remaining -= PruningRound.share(of: remaining)
      return remaining
    }
    #expect(counts == [80, 64, 51, 40, 32, 25])
    #expect(PruningRound.share(of: 1) == 1)
    #expect(PruningRound.share(of: 0) == 0)
  }

  @Test func whatRoundsLeaveIsKnownBeforehand() {
    let counts = [13, 40, 2]
    var numbers = TestNumbers(seed: 3)
    let weights = counts.map { numbers.normals($0) }
    for criterion in [PruningCriterion.magnitude, .layerMagnitude, .random, .globalRandom] {
      var mask = Self.mask(counts)
      for number in 1...20 {
        mask = PruningRound(criterion, seed: 0, number: number).prune(mask, weights: weights)
        #expect(criterion.remaining(of: counts, after: number) == mask.remaining, "\(criterion), \(number)")
      }
      #expect(mask.remaining == 0)
    }
    #expect(PruningCriterion.filters.remaining(of: counts, after: 1) == nil)
  }

  @Test func layersLoseAFifthEach() {
    var numbers = TestNumbers(seed: 1)
    let weights = [numbers.normals(11), numbers.normals(40).map { $0 / 100 }]
    let pruned = PruningRound(.layerMagnitude, seed: 0, number: 1).prune(
      Self.mask([11, 40]), weights: weights)
    #expect(pruned.layers.map(\.mask.remaining) == [8, 32])
    let together = PruningRound(.magnitude, seed: 0, number: 1).prune(Self.mask([11, 40]), weights: weights)
    #expect(together.layers.map(\.mask.remaining) == [11, 29])
  }

  /// As many of each layer as magnitude would take, but others.
  @Test func chanceTakesAsManyOfEachLayerAsMagnitude() {
    var numbers = TestNumbers(seed: 2)
    let weights = [numbers.normals(300), numbers.normals(500).map { $0 / 2 }]
    let all = Self.mask([300, 500])
    let magnitude = PruningRound(.magnitude, seed: 0, number: 1).prune(all, weights: weights)
    let random = PruningRound(.random, seed: 0, number: 1).prune(all, weights: weights)
    #expect(random.layers.map(\.mask.remaining) == magnitude.layers.map(\.mask.remaining))
    #expect(random != magnitude)
    #expect(PruningRound(.globalRandom, seed: 0, number: 1).prune(all, weights: weights).remaining == 640)
    #expect(PruningRound(.random, seed: 1, number: 1).prune(all, weights: weights) != random)
  }

  @Test(arguments: PruningCriterion.allCases) func whatIsGoneStaysGone(criterion: PruningCriterion) {
    let network = Self.resNet()
    let usage = network.blueprint.gates.map { gate in (0..<gate.channels).map { 1 / Double($0 + 2) } }
    var mask = PruningMask(keepingAll: network.prunableParameters(includesStem: true))
    for number in 1...3 {
      let next = PruningRound(criterion, seed: 5, number: number, usage: usage).prune(mask, of: network)
      #expect(next.remaining < mask.remaining)
      for (old, new) in zip(mask.layers, next.layers) {
        #expect(new.mask.overlap(with: old.mask) == new.mask.remaining)
      }
      mask = next
    }
    #expect(mask.closedLayer == nil)
  }

  /// Without a channel neither its filter nor what reads it remains, so that it changes nothing.
  @Test func channelsGoWithTheirReaders() {
    let network = Self.resNet()
    let usage = network.blueprint.gates.map { gate in
      (0..<gate.channels).map { gate.name == "layer1.0.gate" && $0 == 2 ? 0 : 1.0 }
    }
    let all = PruningMask(keepingAll: network.prunableParameters(includesStem: true))
    let pruned = PruningRound(.gateUsage, seed: 0, number: 1, usage: usage).prune(all, of: network)
    let maker = pruned.layers.first { $0.name == "layer1.0.conv1.weight" }!
    let reader = pruned.layers.first { $0.name == "layer1.0.conv2.weight" }!
    for index in 0..<maker.mask.count where index / 36 == 2 { #expect(!maker.mask[index]) }
    for index in 0..<reader.mask.count where index / 9 % 4 == 2 { #expect(!reader.mask[index]) }
    let shortcut = pruned.layers.first { $0.name == "layer2.0.downsample.0.weight" }!
    #expect(shortcut.mask.remaining == shortcut.mask.count)
  }

  @Test func aGroupKeepsItsLastChannel() {
    let network = Self.resNet()
    var mask = PruningMask(keepingAll: network.prunableParameters(includesStem: true))
    for number in 1...40 { mask = PruningRound(.filters, seed: 0, number: number).prune(mask, of: network) }
    #expect(mask.closedLayer == nil)
    let again = PruningRound(.filters, seed: 0, number: 41).prune(mask, of: network)
    #expect(again == mask)
  }

  @Test func theStemAndGatesAreLeftAlone() {
    let network = Self.resNet()
    let names = network.prunableParameters(includesStem: false).map(\.name)
    #expect(!names.contains("conv1.weight"))
    #expect(network.prunableParameters(includesStem: true).first?.name == "conv1.weight")
    #expect(!names.contains { $0.contains("gate") || $0.contains("bn") })
    #expect(names.count == 19)
  }
}
