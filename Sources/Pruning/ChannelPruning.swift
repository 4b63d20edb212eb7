import Networks

/// Channels that only one convolution makes and only one reads, those between two convolutions of a block: without them
/// the network is a smaller one. What a shortcut adds up cannot go.
struct ChannelGroup {
  /// The parameter with a filter for each channel.
  let maker: String
  /// The parameter that reads them.
  let reader: String
  /// The batch norm between the two.
  let batchNorm: String
  /// That opens and closes them.
  let gate: Int?
  /// That decides from their means: the gate on what the reader makes of them.
  let readingGate: Int?
  let channels: Int

  static func groups(of blueprint: Blueprint) -> [ChannelGroup] {
    blueprint.blocks.flatMap { block in
      zip(block.path, block.path.dropFirst()).map { maker, reader in
        ChannelGroup(
          maker: "\(maker.name).weight", reader: "\(reader.name).weight", batchNorm: maker.batchNorm,
          gate: maker.gateBehind, readingGate: reader.gateBehind, channels: maker.shape.outChannels)
      }
    }
  }
}

/// Prunes whole channels: a fifth of those that remain, of all groups together, but never a group's last.
struct ChannelPruning {
  private let groups: [ChannelGroup]
  private let rank: PruningRank

  /// - Parameter scores: Of each group's channels; those with low scores go first.
  init(_ groups: [ChannelGroup], scores: [[Double]]) {
    self.groups = groups
    rank = .scores(scores)
  }

  /// A mask without the channels that go: filters that make them and weights that read them.
  func pruned(_ mask: PruningMask) -> PruningMask {
    let layers = Dictionary(uniqueKeysWithValues: mask.layers.enumerated().map { ($1.name, $0) })
    var open = groups.map { group in
      guard let layer = layers[group.maker].map({ mask.layers[$0] }) else {
        return [Bool](repeating: true, count: group.channels)
      }
      let size = layer.mask.count / group.channels
      return (0..<group.channels).map { channel in
        (channel * size..<(channel + 1) * size).contains { layer.mask[$0] }
      }
    }
    // The last of a group stays: it is not among those that can go.
    var candidates = open
    for group in open.indices {
      let last = open[group].indices.filter { open[group][$0] }.max { a, b in
        (rank.keys[group][a], a) < (rank.keys[group][b], b)
      }
      if let last { candidates[group][last] = false }
    }
    let remaining = open.reduce(0) { $0 + $1.count { $0 } }
    let free = candidates.reduce(0) { $0 + $1.count { $0 } }
    let before = candidates
    rank.prune(min(PruningRound.share(of: remaining), free), from: &candidates)
    for group in open.indices {
      for channel in open[group].indices where before[group][channel] && !candidates[group][channel] {
        open[group][channel] = false
      }
    }
    var kept = mask.layers.map(\.mask.kept)
    for (group, open) in zip(groups, open) {
      if let maker = layers[group.maker] {
        let size = kept[maker].count / group.channels
        for index in kept[maker].indices where !open[index / size] { kept[maker][index] = false }
      }
      if let reader = layers[group.reader] {
        let shape = mask.layers[reader].shape
        let size = shape[2] * shape[3]
        for index in kept[reader].indices where !open[index / size % shape[1]] { kept[reader][index] = false }
      }
    }
    return mask.keeping(kept)
  }
}
