/// Weights that two masks of one network both keep, beside as many as two masks would share by chance.
public struct MaskOverlap: Equatable, Sendable {
  /// Weights that remain in the one mask, in the other, and in both.
  let one: Int
  let other: Int
  let both: Double
  /// Weights that both masks share in the mean where each keeps any weights of each layer, equally many: one · other / count.
  let expected: Double

  /// Those that remain in both masks as a share of those that remain in any: intersection over union.
  public var share: Double { share(of: both) }
  /// The same of masks by chance.
  public var chance: Double { share(of: expected) }

  private func share(of both: Double) -> Double {
    let any = Double(one + other) - both
    return any == 0 ? 1 : both / any
  }
}

extension PruningMask {
  /// How far another mask keeps the same weights, layer by layer, of layers that both have.
  public func overlaps(with other: PruningMask) -> [(layer: String, overlap: MaskOverlap)] {
    layers.compactMap { mine in
      other.layers.first { $0.name == mine.name && $0.mask.count == mine.mask.count }.map { (mine, $0) }
    }.map { mine, its in
      let (one, other) = (mine.mask.remaining, its.mask.remaining)
      return (
        mine.name,
        MaskOverlap(
          one: one, other: other, both: Double(mine.mask.overlap(with: its.mask)),
          expected: Double(one) * Double(other) / Double(mine.mask.count))
      )
    }
  }

  /// The same of all layers together.
  public func overlap(with other: PruningMask) -> MaskOverlap {
    let parts = overlaps(with: other).map(\.overlap)
    return MaskOverlap(
      one: remaining, other: other.remaining, both: parts.reduce(0) { $0 + $1.both },
      expected: parts.reduce(0) { $0 + $1.expected })
  }

  /// A mask by chance that keeps as many weights of each layer: the control of a mask. With the same seed, masks that keep
  /// fewer weights keep some of those.
  public func scattered(seed: UInt64) -> PruningMask {
    let rank = PruningRank.random(counts: layers.map(\.mask.count), seed: seed, round: 0)
    return keeping(
      zip(layers, rank.keys).map { layer, keys in
        var kept = [[Bool](repeating: true, count: layer.mask.count)]
        PruningRank(keys: [keys]).prune(layer.mask.count - layer.mask.remaining, from: &kept)
        return kept[0]
      })
  }
}
