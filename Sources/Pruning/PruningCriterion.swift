import Layers
import Networks

/// Which weights go first.
public enum PruningCriterion: String, CaseIterable, Sendable {
  /// The smallest |w| of all layers together [C].
  case magnitude
  /// The smallest |w| of each layer, as large a share of each.
  case layerMagnitude = "layer-magnitude"
  /// Any, of each layer as many as `magnitude` would take.
  case random
  /// Any, of all layers together.
  case globalRandom = "global-random"
  /// Channels between the convolutions of a block by the mean |w| of the filter that makes them.
  case filters
  /// The same channels by |γ| of the batch norm behind them.
  case batchNorm = "batch-norm"
  /// The same channels by how often their gate opens them: channels rarely opened go first.
  case gateUsage = "gate-usage"

  /// Whether whole channels go.
  public var isStructured: Bool {
    switch self {
    case .magnitude, .layerMagnitude, .random, .globalRandom: false
    case .filters, .batchNorm, .gateUsage: true
    }
  }

  /// How many weights rounds leave; nil for whole channels, of which some always remain.
  ///
  /// - Parameter counts: Weights of each layer.
  public func remaining(of counts: [Int], after rounds: Int) -> Int? {
    func remaining(of count: Int) -> Int {
      (0..<rounds).reduce(count) { count, _ in count - PruningRound.share(of: count) }
    }
    switch self {
    case .magnitude, .random, .globalRandom: return remaining(of: counts.reduce(0, +))
    case .layerMagnitude: return counts.reduce(0) { $0 + remaining(of: $1) }
    case .filters, .batchNorm, .gateUsage: return nil
    }
  }
}

/// One round of pruning.
public struct PruningRound {
  public let criterion: PruningCriterion
  /// What randomness depends on besides the round.
  public let seed: UInt64
  /// From 1.
  public let number: Int
  /// Share of images that open each channel of each gate, for `gateUsage`.
  public let usage: [[Double]]?

  public init(_ criterion: PruningCriterion, seed: UInt64, number: Int, usage: [[Double]]? = nil) {
    precondition(criterion != .gateUsage || usage != nil)
    self.criterion = criterion
    self.seed = seed
    self.number = number
    self.usage = usage
  }

  /// How many of `remaining` weights or channels a round takes: a fifth, rounded up.
  public static func share(of remaining: Int) -> Int { (remaining + 4) / 5 }

  /// What remains afterwards.
  ///
  /// - Parameter backbone: As training left it; what it has in pruned places means nothing.
  public func prune(_ mask: PruningMask, of backbone: any Backbone) -> PruningMask {
    let parameters = Dictionary(uniqueKeysWithValues: backbone.parameters.map { ($0.name, $0) })
    if criterion.isStructured { return channels(of: backbone.blueprint, parameters).pruned(mask) }
    return prune(mask, weights: mask.layers.map { parameters[$0.name]!.array })
  }

  /// What remains of single weights afterwards.
  ///
  /// - Parameter weights: Of the mask's layers.
  func prune(_ mask: PruningMask, weights: [[Float]]) -> PruningMask {
    var kept = mask.layers.map(\.mask.kept)
    let total = Self.share(of: mask.remaining)
    switch criterion {
    case .magnitude: PruningRank.magnitude(weights).prune(total, from: &kept)
    case .layerMagnitude:
      for (layer, weights) in weights.enumerated() {
        let count = Self.share(of: mask.layers[layer].mask.remaining)
        Self.prune(count, .magnitude([weights]), from: &kept[layer])
      }
    case .globalRandom: chance(mask).prune(total, from: &kept)
    case .random:
      var smallest = kept
      PruningRank.magnitude(weights).prune(total, from: &smallest)
      let keys = chance(mask).keys
      for layer in kept.indices {
        let count = kept[layer].count { $0 } - smallest[layer].count { $0 }
        Self.prune(count, PruningRank(keys: [keys[layer]]), from: &kept[layer])
      }
    case .filters, .batchNorm, .gateUsage: preconditionFailure("\(criterion) takes channels")
    }
    return mask.keeping(kept)
  }

  private static func prune(_ count: Int, _ rank: PruningRank, from kept: inout [Bool]) {
    var layers = [kept]
    rank.prune(count, from: &layers)
    kept = layers[0]
  }

  private func chance(_ mask: PruningMask) -> PruningRank {
    .random(counts: mask.layers.map(\.mask.count), seed: seed, round: number)
  }

  private func channels(of blueprint: Blueprint, _ parameters: [String: Parameter]) -> ChannelPruning {
    let groups = ChannelGroup.groups(of: blueprint)
    return ChannelPruning(
      groups,
      scores: groups.map { group in
        switch criterion {
        case .filters:
          let weights = parameters[group.maker]!
          let size = weights.count / group.channels
          let numbers = weights.array
          return (0..<group.channels).map { channel in
            numbers[channel * size..<(channel + 1) * size].reduce(0.0) { $0 + Double($1.magnitude) }
              / Double(size)
          }
        case .batchNorm: return parameters["\(group.batchNorm).weight"]!.array.map { Double($0.magnitude) }
        case .gateUsage: return usage![group.gate!]
        case .magnitude, .layerMagnitude, .random, .globalRandom:
          preconditionFailure("\(criterion) takes single weights")
        }
      })
  }
}
