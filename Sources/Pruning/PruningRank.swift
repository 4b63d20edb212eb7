import Tensors

/// Who goes first: each weight or channel has a key, and of those that remain the lowest keys go first; among equals the
/// lowest index, where an index runs through the layers in the order of the network.
struct PruningRank {
  /// By layer, one for each weight.
  let keys: [[UInt32]]

  /// By size: the bits of |w|, which are in the order of the numbers. Zeros are the first to go, what is not a number is
  /// the last.
  static func magnitude(_ weights: [[Float]]) -> PruningRank {
    PruningRank(keys: weights.map { $0.map(\.magnitude.bitPattern) })
  }

  /// By scores that are not negative.
  static func scores(_ scores: [[Double]]) -> PruningRank {
    magnitude(scores.map { $0.map { Float($0) } })
  }

  /// By chance. The numbers depend on the seed and the round alone, and of a weight on its layer and place.
  ///
  /// - Parameter counts: Weights of each layer.
  static func random(counts: [Int], seed: UInt64, round: Int) -> PruningRank {
    PruningRank(
      keys: counts.enumerated().map { layer, count in
        let draws = RandomDraws(seed: seed, purpose: .pruning, epoch: round, layer: layer)
        return (0..<count).map { draws.bits($0) }
      })
  }

  /// Lets the first `count` go of what remains.
  ///
  /// The key of the last to go is found by counting upper halves of keys, then lower halves: exact, in time
  /// proportional to the number of weights.
  ///
  /// - Parameters:
  ///   - count: At most as many as remain.
  ///   - kept: By layer, whether each weight remains.
  func prune(_ count: Int, from kept: inout [[Bool]]) {
    guard count > 0 else { return }
    let upper = Self.find(count, histogram(of: kept) { $0 >> 16 })
    let lower = Self.find(
      count - upper.before, histogram(of: kept) { $0 >> 16 == upper.half ? $0 & 0xFFFF : nil })
    let last = upper.half << 16 | lower.half
    // Of the keys equal to that of the last, the first so many.
    var equals = count - upper.before - lower.before
    for layer in kept.indices {
      for index in kept[layer].indices where kept[layer][index] {
        let key = keys[layer][index]
        if key < last {
          kept[layer][index] = false
        } else if key == last, equals > 0 {
          kept[layer][index] = false
          equals -= 1
        }
      }
    }
    precondition(equals == 0, "fewer remain than are to go")
  }

  /// How often each half occurs among the keys of what remains.
  private func histogram(of kept: [[Bool]], half: (UInt32) -> UInt32?) -> [Int] {
    var counts = [Int](repeating: 0, count: 1 << 16)
    for (keys, kept) in zip(keys, kept) {
      for (key, isKept) in zip(keys, kept) where isKept {
        if let half = half(key) { counts[Int(half)] += 1 }
      }
    }
    return counts
  }

  /// Where the `count`-th is, and how many lie before that place.
  private static func find(_ count: Int, _ counts: [Int]) -> (half: UInt32, before: Int) {
    var before = 0
    for (half, here) in counts.enumerated() {
      if before + here >= count { return (UInt32(half), before) }
      before += here
    }
    preconditionFailure("fewer remain than are to go")
  }
}
