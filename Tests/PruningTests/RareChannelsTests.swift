import Layers
import Networks
import Tensors
import TestSupport
import Testing

@testable import Pruning

/// Channels that gates rarely open are left out, and the network computes what it computes with their masks closed.
@Suite struct RareChannelsTests {
  private static func rare(
    _ open: [Int], of images: Int, below share: Double, among candidates: [Int]? = nil
  ) -> [Int] {
    RareChannels(
      among: [candidates ?? Array(open.indices)], openImages: [open], of: images, below: share
    ).channels[0]
  }

  @Test func aChannelStaysThatIsOpenOnItsShareOfImages() {
    #expect(Self.rare([0, 1, 100, 0], of: 100, below: 0) == [0, 3])
    // 0.07 · 100 is more than 7 in floating point.
    #expect(Self.rare([6, 7, 8], of: 100, below: 0.07) == [0])
    #expect(Self.rare([1, 2, 3], of: 3, below: 1) == [0, 1])
    #expect(Self.rare([3, 3], of: 3, below: 1) == [])
  }

  @Test func theLastOfAGateStays() {
    #expect(Self.rare([0, 2, 2, 1], of: 10, below: 0.5) == [0, 2, 3])
    #expect(Self.rare([0, 0], of: 10, below: 0) == [1])
    // Channel 1 was pruned: that it is open does not help.
    #expect(Self.rare([0, 9, 0], of: 10, below: 0.5, among: [0, 2]) == [2])
    #expect(Self.rare([0, 9], of: 10, below: 0.5, among: [0]) == [])
  }

  // MARK: Networks

  private static let gated = [MadeBackbone(), MadeBackbone(depth: 50), .vgg16]

  /// On how many images each channel was open.
  private static func openImages(_ gates: [GateRecord]) -> [[Int]] {
    gates.map { gate in
      let values = gate.mask.values
      return (0..<gate.mask.channels).map { channel in
        (0..<gate.mask.rows).count { values[$0 * gate.mask.channels + channel] > 0 }
      }
    }
  }

  private static func compact(_ made: MadeBackbone, _ backbone: any Backbone, _ rare: RareChannels)
    -> any Backbone
  {
    rare.close(in: backbone)
    return CompactionTests.compact(made, backbone)
  }

  @Test(arguments: gated) func channelsThatAreNeverOpenMakeNoDifference(_ made: MadeBackbone) throws {
    let backbone = made.make(seed: 1)
    let expected = try CompactionTests.features(backbone)
    let open = Self.openImages(expected.gates)
    let rare = RareChannels(
      among: Compaction(of: backbone).gateChannels, openImages: open, of: 4, below: 0)
    let compact = Self.compact(made, backbone, rare)
    #expect(rare.count > 10)
    #expect(compact.blueprint.gates.map(\.channels) == zip(open, rare.channels).map { $0.count - $1.count })
    let found = try CompactionTests.features(compact)
    #expect(relativeL2(found.features, expected.features) < 2e-6)
    #expect(found.gates.map(\.maskSums) == expected.gates.map(\.maskSums))
    #expect(expected.features.contains { $0 > 0 })
  }

  /// Whatever the masks were: as if neither the next convolution nor its gate read those channels. Pruned ones go too.
  @Test(arguments: gated, [false, true]) func computesWhatClosedMasksGive(
    _ made: MadeBackbone, isPruned: Bool
  ) throws {
    func whole() -> any Backbone {
      let backbone = made.make(seed: 1)
      let all = PruningMask(keepingAll: backbone.prunableParameters(includesStem: true))
      if isPruned { PruningRound(.filters, seed: 0, number: 1).prune(all, of: backbone).apply(to: backbone) }
      return backbone
    }
    var numbers = TestNumbers(seed: 4)
    let backbone = whole()
    let candidates = Compaction(of: backbone).gateChannels
    let open = backbone.blueprint.gates.map { numbers.uniforms($0.channels).map { Int(100 * $0) } }
    let rare = RareChannels(among: candidates, openImages: open, of: 100, below: 0.4)
    let compact = Self.compact(made, backbone, rare)
    #expect(
      compact.blueprint.gates.map(\.channels) == zip(candidates, rare.channels).map { $0.count - $1.count })

    let closed = whole()
    let parameters = Dictionary(uniqueKeysWithValues: closed.parameters.map { ($0.name, $0) })
    let gates = closed.blueprint.gates.map(\.name)
    for group in ChannelGroup.groups(of: closed.blueprint) {
      let rare = Set(rare.channels[group.gate!])
      for reader in [group.reader] + (group.readingGate.map { ["\(gates[$0]).0.weight"] } ?? []) {
        let weights = parameters[reader]!
        let size = weights.shape[2] * weights.shape[3]
        weights.array = weights.array.enumerated().map {
          rare.contains($0 / size % weights.shape[1]) ? 0 : $1
        }
      }
    }
    let (found, expected) = (try CompactionTests.features(compact), try CompactionTests.features(closed))
    #expect(relativeL2(found.features, expected.features) < 1e-5)
    #expect(expected.features.contains { $0 > 0 })
  }
}
