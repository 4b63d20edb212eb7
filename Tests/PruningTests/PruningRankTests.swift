import Testing

@testable import Pruning

@Suite struct PruningRankTests {
  private static func pruned(_ weights: [[Float]], _ count: Int, kept: [[Bool]]? = nil) -> [[Bool]] {
    var kept = kept ?? weights.map { $0.map { _ in true } }
    PruningRank.magnitude(weights).prune(count, from: &kept)
    return kept
  }

  @Test func theSmallestOfAllLayersGo() {
    #expect(
      Self.pruned([[3, -0.5, 2], [-1, 4, 0.25]], 3) == [[true, false, true], [false, true, false]])
  }

  @Test func amongEqualsTheFirstGo() {
    #expect(Self.pruned([[1, -1, 2], [1, 1]], 3) == [[false, false, true], [false, true]])
    #expect(Self.pruned([[0, -0.0, 0], [0, 1]], 2) == [[false, false, true], [true, true]])
  }

  /// A weight that is gone is not counted again, whatever number stands in its place.
  @Test func whatIsGoneIsPassedOver() {
    #expect(
      Self.pruned([[0, 5, 6, 7]], 2, kept: [[false, true, true, true]]) == [[false, false, false, true]])
  }

  @Test func noneAndAllCanGo() {
    #expect(Self.pruned([[1, 2]], 0) == [[true, true]])
    #expect(Self.pruned([[1, 2], [3]], 3) == [[false, false], [false]])
  }

  /// As sorting all of them would tell.
  @Test(arguments: [1, 17, 500, 1999]) func countingFindsWhatSortingFinds(count: Int) {
    let keys = (0..<2).map { layer in
      (0..<1000).map { UInt32(truncatingIfNeeded: ($0 * 2_654_435_761 + layer * 97) >> 3) % 70_001 * 31 }
    }
    var kept = keys.map { $0.map { _ in true } }
    PruningRank(keys: keys).prune(count, from: &kept)
    let places = keys.indices.flatMap { layer in keys[layer].indices.map { (keys[layer][$0], layer, $0) } }
    var sorted = keys.map { $0.map { _ in true } }
    for (_, layer, index) in places.sorted(by: <).prefix(count) { sorted[layer][index] = false }
    #expect(kept == sorted)
  }

  @Test func chanceIsAFunctionOfSeedRoundAndPlace() {
    func keys(_ seed: UInt64, _ round: Int) -> [[UInt32]] {
      PruningRank.random(counts: [40, 40], seed: seed, round: round).keys
    }
    #expect(keys(1, 1) == keys(1, 1))
    #expect(keys(1, 1) != keys(2, 1))
    #expect(keys(1, 1) != keys(1, 2))
    #expect(keys(1, 1)[0] != keys(1, 1)[1])
  }
}
