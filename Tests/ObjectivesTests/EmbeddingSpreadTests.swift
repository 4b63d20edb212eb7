import Foundation
import GoldenCases
import Tensors
import TestSupport
import Testing

@testable import Objectives

@Suite struct EmbeddingSpreadTests {
  static func axis(_ index: Int, of dimension: Int, _ length: Double = 1) -> [Double] {
    (0..<dimension).map { $0 == index ? length : 0 }
  }

  static func close(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-12 * max(1, abs(b)) }

  /// Both ways along every axis: the covariance is the identity divided by d.
  @Test(arguments: [1, 2, 5, 64]) func evenlySpreadDirectionsHaveFullRank(dimension: Int) {
    let rows = (0..<dimension).flatMap { [Self.axis($0, of: dimension), Self.axis($0, of: dimension, -3)] }
    let spread = EmbeddingSpread(rows)
    #expect(Self.close(spread.standardDeviation, 1))
    #expect(Self.close(spread.effectiveRank, Double(dimension)))
  }

  @Test func oneDirectionHasRankOne() {
    let spread = EmbeddingSpread([Self.axis(0, of: 4), Self.axis(0, of: 4, -1)])
    // Deviations 1, 0, 0, 0: a mean of ¼, times √4.
    #expect(Self.close(spread.standardDeviation, 0.5))
    #expect(Self.close(spread.effectiveRank, 1))
  }

  /// Variances ¾ and ¼: exp(−¾ ln ¾ − ¼ ln ¼).
  @Test func unequalVariancesCountByTheirEntropy() {
    let rows = [0, 0, 0, 1].flatMap { [Self.axis($0, of: 3), Self.axis($0, of: 3, -1)] }
    let spread = EmbeddingSpread(rows)
    #expect(Self.close(spread.effectiveRank, exp(-0.75 * log(0.75) - 0.25 * log(0.25))))
    #expect(
      Self.close(spread.standardDeviation, (0.75.squareRoot() + 0.25.squareRoot()) / 3 * 3.squareRoot()))
  }

  @Test func equalRowsHaveNoSpread() {
    var numbers = TestNumbers(seed: 60)
    let row = numbers.normals(7).map(Double.init)
    // Equal but for what single precision rounds.
    let rows = (1...9).map { n in row.map { Double(Float($0) * Float(n) / Float(n)) } }
    #expect(EmbeddingSpread(rows).effectiveRank == 0)
    #expect(EmbeddingSpread(rows).standardDeviation < 1e-6)
    #expect(EmbeddingSpread([Self.axis(0, of: 3)]) == EmbeddingSpread([[0, 0, 0]]))
  }

  /// Lengths of rows do not matter, nor how often all of them are repeated; fewer rows than columns and more
  /// take other products to the same end.
  @Test func lengthsAndRepetitionsDoNotMatter() {
    var numbers = TestNumbers(seed: 61)
    let rows = (0..<6).map { _ in numbers.normals(20).map(Double.init) }
    let once = EmbeddingSpread(rows)
    #expect(once.effectiveRank > 1 && once.effectiveRank < 5)
    let often = EmbeddingSpread((0..<4).flatMap { n in rows.map { $0.map { $0 * Double(n + 1) } } })
    #expect(abs(once.effectiveRank - often.effectiveRank) < 1e-9)
    #expect(abs(once.standardDeviation - often.standardDeviation) < 1e-12)
  }

  @Test func whatIsNotFiniteIsNotANumber() {
    #expect(EmbeddingSpread([[1, .nan], [0, 1]]).effectiveRank.isNaN)
  }

  /// Contract C1, and the same images whatever the ranks; with more shards than images are wanted too.
  @Test(arguments: [(64, 8), (64, 1), (600, 1), (1024, 2)]) func ranksChangeNoBit(images: Int, shardSize: Int)
    throws
  {
    func spread(ranks: Int) throws -> EmbeddingSpread {
      let found = try ThreadRanks(ranks).run { rank in
        let layout = BatchLayout(batch: images, views: 2, shardSize: shardSize, reducer: rank)
        var numbers = TestNumbers(seed: 62)
        let views = [numbers.normals(images * 12), numbers.normals(images * 12)]
        return try EmbeddingSpread(
          Tensor(rows: layout.local.rows, columns: 12, layout.rows(views, width: 12)), layout.local,
          over: rank)
      }
      for other in found { #expect(other == found[0], "equal on every rank") }
      return found[0]
    }
    let one = try spread(ranks: 1)
    // Twelve normal numbers a row: nearly the same in every direction.
    #expect(one.effectiveRank > 9 && one.standardDeviation > 0.9)
    for ranks in [2, 4] where images / shardSize % ranks == 0 { #expect(try spread(ranks: ranks) == one) }
  }

  /// The first images of each shard and their first view, nothing else.
  @Test func otherViewsDoNotMatter() throws {
    var numbers = TestNumbers(seed: 63)
    let layout = RowLayout(images: 4, views: 2, shardSize: 2)
    let values = numbers.normals(8 * 5)
    let spread = try EmbeddingSpread(Tensor(rows: 8, columns: 5, values), layout, over: LocalShards())
    let firstViews = [0, 1, 4, 5].map { row in values[row * 5..<(row + 1) * 5].map(Double.init) }
    #expect(spread == EmbeddingSpread(firstViews))
  }
}
