import Layers
import Networks
import Tensors
import TestSupport
import Testing

@testable import Pruning

/// A smaller network computes what the pruned one computes.
@Suite struct CompactionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let made: MadeBackbone
    let criterion: PruningCriterion

    var testDescription: String { "\(made.testDescription), \(criterion)" }

    /// Every kind of block, with gates and without, for each criterion that takes channels.
    static let all = [
      MadeBackbone(), MadeBackbone(gated: false), MadeBackbone(depth: 50),
      MadeBackbone(depth: 50, gated: false),
      .vgg16, MadeBackbone(depth: 16, gated: false, inputSize: 32),
    ].flatMap { made in
      PruningCriterion.allCases.filter { $0.isStructured && (made.gated || $0 != .gateUsage) }
        .map { Case(made: made, criterion: $0) }
    }
  }

  /// After rounds of pruning.
  private static func pruned(
    _ made: MadeBackbone, _ criterion: PruningCriterion, rounds: Int = 3
  ) -> (backbone: any Backbone, mask: PruningMask) {
    let backbone = made.make(seed: 1)
    var numbers = TestNumbers(seed: 2)
    let usage = backbone.blueprint.gates.map { numbers.uniforms($0.channels).map(Double.init) }
    var mask = PruningMask(keepingAll: backbone.prunableParameters(includesStem: true))
    for number in 1...rounds {
      mask = PruningRound(criterion, seed: 0, number: number, usage: usage).prune(mask, of: backbone)
      mask.apply(to: backbone)
    }
    return (backbone, mask)
  }

  static func compact(_ made: MadeBackbone, _ backbone: any Backbone) -> any Backbone {
    let compaction = Compaction(of: backbone)
    var made = made
    made.innerChannels = compaction.innerChannels
    // Other weights than the whole network's: all have to be replaced.
    let compact = made.make(seed: 9)
    compaction.copy(backbone, into: compact)
    return compact
  }

  /// Of four images, the same for every network.
  static func features(
    _ backbone: any Backbone
  ) throws -> (features: [Float], gates: [GateRecord]) {
    let size = backbone.blueprint.inputSize
    var numbers = TestNumbers(seed: 3)
    let images = Tensor(
      rows: 4, channels: 3, height: size, width: size, lanes: 1, values: numbers.normals(4 * 3 * size * size))
    let pass = Pass(.evaluation, rows: 4, shardSize: 4, pool: MadeBackbone.pool)
    let (features, gates) = try backbone.forward(images, in: pass)
    return (features.values, gates)
  }

  /// Channels of each group whose filters remain.
  private static func filters(_ mask: PruningMask, of blueprint: Blueprint) -> [Int] {
    ChannelGroup.groups(of: blueprint).map { group in
      let layer = mask.layers.first { $0.name == group.maker }!
      let size = layer.mask.count / group.channels
      return (0..<group.channels).count { channel in
        (channel * size..<(channel + 1) * size).contains { layer.mask[$0] }
      }
    }
  }

  @Test(arguments: Case.all) func computesTheSame(_ test: Case) throws {
    let (backbone, mask) = Self.pruned(test.made, test.criterion)
    let compact = Self.compact(test.made, backbone)
    let (found, expected) = (try Self.features(compact), try Self.features(backbone))
    #expect(relativeL2(found.features, expected.features) < 2e-6)
    #expect(expected.features.contains { $0 > 0 })
    let count = { (backbone: any Backbone) in backbone.parameters.reduce(0) { $0 + $1.count } }
    #expect(count(compact) < count(backbone))
    let open = Self.filters(mask, of: backbone.blueprint)
    if backbone.blueprint.blocks.allSatisfy({ $0.gates.count <= 1 }) {
      #expect(compact.blueprint.innerChannels == open)
    } else {
      // Gates still see the constants of some channels.
      let inner = compact.blueprint.innerChannels
      #expect(
        zip(inner, open).allSatisfy { $0 >= $1 } && inner != open && inner != backbone.blueprint.innerChannels
      )
    }
    #expect(MACs(compact.blueprint).dense < MACs(backbone.blueprint).dense)
  }

  /// Where batch norms make nothing but zeros of zeros, gates see nothing of what was pruned.
  @Test(arguments: [MadeBackbone(depth: 50), .vgg16]) func zerosGoFromUnderGates(_ made: MadeBackbone) throws
  {
    let (backbone, mask) = Self.pruned(made, .filters)
    let inner = Set(ChannelGroup.groups(of: backbone.blueprint).map(\.batchNorm))
    for batchNorm in backbone.batchNorms where inner.contains(batchNorm.name) {
      batchNorm.bias!.array = batchNorm.bias!.array.map { -abs($0) }
      batchNorm.runningMean = batchNorm.runningMean.map(abs)
    }
    let compact = Self.compact(made, backbone)
    #expect(compact.blueprint.innerChannels == Self.filters(mask, of: backbone.blueprint))
    let (found, expected) = (try Self.features(compact), try Self.features(backbone))
    #expect(relativeL2(found.features, expected.features) < 2e-6)
    #expect(expected.features.contains { $0 > 0 })
  }

  /// One that is always 0 and one that nothing reads; a constant that is read has to stay.
  @Test func aChannelGoesOnlyWhereItMakesNoDifference() {
    let backbone = MadeBackbone(gated: false).make(seed: 1)
    let parameters = Dictionary(uniqueKeysWithValues: backbone.parameters.map { ($0.name, $0) })
    let (maker, reader) = (parameters["layer1.0.conv1.weight"]!, parameters["layer1.0.conv2.weight"]!)
    let batchNorm = backbone.batchNorms.first { $0.name == "layer1.0.bn1" }!
    func close(filter channel: Int) {
      maker.array = maker.array.enumerated().map { $0 / (8 * 9) == channel ? 0 : $1 }
    }
    func channels() -> Int { Compaction(of: backbone).innerChannels[0] }
    #expect(!Compaction(of: backbone).isSmaller)
    close(filter: 2)
    batchNorm.bias!.array[2] = 0.25
    batchNorm.runningMean[2] = 0
    #expect(channels() == 8)
    batchNorm.bias!.array[2] = 0
    #expect(channels() == 7)
    batchNorm.runningMean[2] = -0.1
    #expect(channels() == 8)
    reader.array = reader.array.enumerated().map { $0 / 9 % 8 == 2 || $0 / 9 % 8 == 5 ? 0 : $1 }
    #expect(channels() == 6)
    reader.array = reader.array.map { _ in 0 }
    #expect(channels() == 1, "a group keeps one")
  }

  @Test func masksOfSingleWeightsLeaveAllChannels() {
    let backbone = MadeBackbone().make(seed: 1)
    let all = PruningMask(keepingAll: backbone.prunableParameters(includesStem: true))
    PruningRound(.magnitude, seed: 0, number: 1).prune(all, of: backbone).apply(to: backbone)
    let compaction = Compaction(of: backbone)
    #expect(!compaction.isSmaller && compaction.innerChannels == backbone.blueprint.innerChannels)
  }
}
