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
      guard let blueprint = network.blueprints.first(where: { $0.stem.macs == network.stem }) else {
        comparisons.append(Comparison("\(name): no stem of \(network.stem)", error: .infinity, tolerance: 0))
        continue
      }
      comparisons += network.compare(name, blueprint)
    }
    expectAll(comparisons, golden)
  }
}

private struct NetworkCounts: Decodable {
  struct Block: Decodable {
    struct Gate: Decodable {
      let `in`: Int
      let out: Int
      let macs: Int64
    }

    let block: String
    let full: Int64
    let downsample: Int64
    let gate: Int64
    /// Each gate by itself, where a block has several.
    let gates: [Gate]?
    let `in`: Int
    let out: Int
    /// Inner channels of a bottleneck.
    let mid: Int?
    let height: Int?
    let heightIn: Int?
    let heightOut: Int?
    let conv1: Int64
    let conv2: Int64
    /// Bottlenecks only.
    let conv3: Int64?
    /// Basic blocks only.
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

  /// The network with every stem; its count tells which it is.
  var blueprints: [Blueprint] {
    let stages = (1...4).map { stage in blocks.count { $0.block.hasPrefix("layer\(stage).") } }
    return ResNetConfiguration.stems(width: blocks[0].in, inputSize: input).map {
      var configuration = $0
      configuration.block = blocks[0].conv3 == nil ? .basic : .bottleneck
      configuration.stages = stages
      return configuration.blueprint
    }
  }

  func compare(_ name: String, _ blueprint: Blueprint) -> [Comparison] {
    let found = MACs(blueprint)
    let open = found.channels
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
    for (number, golden) in blocks.enumerated() where number < blueprint.blocks.count {
      let place = blueprint.blocks[number]
      let what = "\(name): \(place.name)"
      let (first, last) = (place.path[0].shape, place.path[place.path.count - 1].shape)
      let gates = blueprint.gates[place.gates]
      let macs: [Int64] = place.path.map(\.macs) + [place.projection?.macs ?? 0, found.blocks[number].dense]
      let goldenMACs: [Int64] =
        [golden.conv1, golden.conv2, golden.conv3].compactMap { $0 } + [golden.downsample, golden.full]
      let sizes = [first.inChannels, first.outChannels, last.outChannels, last.outHeight]
      let goldenSizes = [
        golden.in, golden.mid ?? golden.out, golden.out, golden.height ?? golden.heightOut ?? -1,
      ]
      comparisons += [
        .exact(what, macs, goldenMACs), .exact("\(what), sizes", sizes, goldenSizes),
        .exact("\(what), gates", [gates.reduce(0) { $0 + $1.macs }], [golden.gate]),
      ]
      if let heightIn = golden.heightIn {
        comparisons.append(.exact("\(what), input", [first.height], [heightIn]))
      }
      if let each = golden.gates {
        comparisons.append(
          .exact(
            "\(what), each gate", gates.flatMap { [Int64($0.inChannels), Int64($0.channels), $0.macs] },
            each.flatMap { [Int64($0.in), Int64($0.out), $0.macs] }))
      }
      if let perOpenChannel = golden.perOpenChannel {
        comparisons.append(
          .exact("\(what), an open channel", [found.perOpenChannel[place.gates.lowerBound]], [perOpenChannel])
        )
      }
    }
    return comparisons
  }
}

extension ResNetConfiguration {
  /// Every stem for a network of this width.
  static func stems(width: Int, inputSize: Int) -> [ResNetConfiguration] {
    [(Stem.imagenet, 1), (.cifar, 1), (.cifar, 2)].map { stem, padding in
      var configuration = ResNetConfiguration()
      configuration.inputSize = inputSize
      configuration.width = width
      configuration.stem = stem
      configuration.stemPadding = padding
      return configuration
    }
  }
}
