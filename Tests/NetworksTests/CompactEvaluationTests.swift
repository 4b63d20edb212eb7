import Layers
import Tensors
import TestSupport
import Testing

@testable import Networks

/// Evaluations that leave closed channels out (contract C7).
@Suite struct CompactEvaluationTests {
  struct Network: Sendable, CustomStringConvertible {
    let description: String
    let configuration: any BackboneConfiguration
    let size: Int

    static let all = [(18, 16), (18, 25), (34, 16), (50, 16)].map(resNet) + [(11, 32), (16, 40)].map(vgg)

    private static func resNet(depth: Int, size: Int) -> Network {
      var configuration = ResNetConfiguration(depth: depth)
      configuration.width = 20
      configuration.zeroInitResidual = false
      return Network(description: "ResNet-\(depth) at \(size)", configuration: configuration, size: size)
    }

    private static func vgg(depth: Int, size: Int) -> Network {
      var configuration = VGGConfiguration(depth: depth)
      configuration.width = 20
      configuration.inputSize = size
      return Network(description: "VGG-\(depth) at \(size)", configuration: configuration, size: size)
    }
  }

  /// With the masks that the gates decide and with some that they would not: none open, one, an odd number, all, and all
  /// of these in one batch.
  @Test(arguments: Network.all, [nil, [0], [1], [13], [.max], [0, 1, 13, .max]])
  func closedChannelsCanBeLeftOut(_ network: Network, open: [Int]?) throws {
    try check(network) { first in open.map { CountedMasks(open: $0, firstImage: first) } }
  }

  /// Whole groups of channels, the last of which may be smaller.
  @Test(arguments: Network.all)
  func closedGroupsCanBeLeftOut(_ network: Network) throws {
    try check(network) { CountedMasks(open: [0, 1, 2, 3, .max], group: 16, firstImage: $0) }
  }

  /// - Parameter masks: By the number of the first image.
  private func check(_ network: Network, masks: (Int) -> (any GateMasks)?) throws {
    let size = network.size
    let backbone = StackedBackbone(network.configuration)
    initializeWeights(backbone: backbone, heads: [], seed: 3)
    var numbers = TestNumbers(seed: 45)
    for batchNorm in backbone.batchNorms {
      batchNorm.runningMean = numbers.normals(batchNorm.channels).map { 0.1 * $0 }
      batchNorm.runningVariance = numbers.normals(batchNorm.channels).map { 1 + abs($0) }
    }
    let images = Tensor(shape: [7, 3, size, size], lanes: 1, numbers.normals(7 * 3 * size * size))
    func forward(_ rows: Range<Int>, skips: Bool, shardSize: Int) throws -> (
      features: Tensor, gates: [GateRecord]
    ) {
      let some = Tensor(rows: rows.count, channels: 3, height: size, width: size, lanes: 1)
      some.copyRows(rows, of: images, to: 0)
      let surroundings = Surroundings(pool: .forKernels(threads: 2), skipsClosedChannels: skips)
      let pass = Pass(
        .evaluation, RowLayout(images: rows.count, views: 1, shardSize: shardSize), in: surroundings,
        masks: masks(rows.lowerBound))
      return try backbone.forward(some, in: pass)
    }
    let dense = try forward(0..<7, skips: false, shardSize: 3)
    let compact = try forward(0..<7, skips: true, shardSize: 3)
    #expect(zip(dense.gates, compact.gates).allSatisfy { $0.mask.values == $1.mask.values })
    let gap = zip(dense.features.values, compact.features.values).map { $0 - $1 }
    #expect(norm(gap) <= 1e-5 * norm(dense.features.values))
    #expect(norm(dense.features.values) > 0)
    // An image's features don't depend on its neighbours.
    let some = try forward(3..<6, skips: true, shardSize: 3)
    let features = backbone.blueprint.featureCount
    #expect(some.features.values == Array(compact.features.values[3 * features..<6 * features]))
  }

  private func norm(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }
}

/// So many open groups of channels, other ones for every image and gate; the numbers take turns.
private final class CountedMasks: GateMasks {
  private let open: [Int]
  private let group: Int
  private let firstImage: Int

  init(open: [Int], group: Int = 1, firstImage: Int) {
    self.open = open
    self.group = group
    self.firstImage = firstImage
  }

  func fill(_ mask: inout [Float], gate: Int, row: Int) {
    let image = firstImage + row
    let count = open[(image + gate) % open.count]
    let groups = (mask.count + group - 1) / group
    var isOpen = [Bool](repeating: false, count: groups)
    // 7 has no common divisor with the channels of a gate.
    for place in 0..<min(count, groups) { isOpen[(7 * place + image) % groups] = true }
    for channel in mask.indices { mask[channel] = isOpen[channel / group] ? 1 : 0 }
  }
}
