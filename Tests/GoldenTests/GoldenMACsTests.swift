import GoldenCases
import Layers
import Networks
import Testing

/// Multiply-add counts, exact.
@Suite struct GoldenMACsTests {
  @Test(arguments: GoldenCase.all(.flops))
  func goldenCounts(_ golden: GoldenCase) throws {
    var comparisons: [Comparison] = []
    for (name, network) in try golden.decode([String: NetworkCounts].self, "flops").sorted(by: {
      $0.key < $1.key
    }) {
      guard network.blocks.allSatisfy({ $0.conv3 == nil }) else {
        print("\(golden): \(name) not compared: bottleneck blocks come with their own issue")
        continue
      }
      let found = network.configurations.map { MACs(ResNet($0), imageSize: network.input) }
        .first { $0.stem == network.stem }
      guard let found else {
        comparisons.append(Comparison("\(name): no stem of \(network.stem)", error: .infinity, tolerance: 0))
        continue
      }
      comparisons += network.compare(name, found)
    }
    expectAll(comparisons, golden)
  }
}

private struct NetworkCounts: Decodable {
  struct Block: Decodable {
    let block: String
    let full: Int64
    let downsample: Int64
    let gate: Int64
    let `in`: Int
    let out: Int
    let height: Int?
    let width: Int?
    let conv1: Int64
    let conv2: Int64
    /// Bottlenecks only.
    let conv3: Int64?
    let perOpenChannel: Int64?
  }

  let input: Int
  let stem: Int64
  let blocks: [Block]
  let blocksFull: Int64
  let denseTotal: Int64
  let gatesTotal: Int64
  let allOpenWithGates: Int64
  let allClosedWithGates: Int64

  /// What the stem may be; its count tells which it is.
  var configurations: [ResNetConfiguration] { ResNetConfiguration.stems(width: blocks[0].in) }

  func compare(_ name: String, _ found: MACs) -> [Comparison] {
    let open = found.blocks.map(\.outChannels)
    var comparisons: [Comparison] = [
      .exact("\(name): names", found.blocks.map(\.name), blocks.map(\.block)),
      .exact(
        "\(name): totals",
        [
          found.stem, found.blocks.reduce(0) { $0 + $1.dense }, found.dense, found.gates,
          found.gated(open: open), found.gated(open: open.map { _ in 0 }), found.allClosed,
        ],
        [stem, blocksFull, denseTotal, gatesTotal, allOpenWithGates, allClosedWithGates, allClosedWithGates]),
    ]
    for (a, b) in zip(found.blocks, blocks) {
      comparisons.append(
        .exact(
          "\(name): \(a.name)",
          [
            a.conv1, a.conv2, a.downsample, a.gate, a.dense, a.perOpenChannel, Int64(a.inChannels),
            Int64(a.outChannels), Int64(a.height), Int64(a.width),
          ],
          [
            b.conv1, b.conv2, b.downsample, b.gate, b.full, b.perOpenChannel ?? -1, Int64(b.in), Int64(b.out),
            Int64(b.height ?? -1), Int64(b.width ?? -1),
          ]))
    }
    return comparisons
  }
}

extension ResNetConfiguration {
  /// Every stem for a network of this width.
  static func stems(width: Int) -> [ResNetConfiguration] {
    [(Stem.imagenet, 1), (.cifar, 1), (.cifar, 2)].map { stem, padding in
      var configuration = ResNetConfiguration()
      configuration.width = width
      configuration.stem = stem
      configuration.stemPadding = padding
      return configuration
    }
  }
}
