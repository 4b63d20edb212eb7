import Testing

@testable import Collectives

@Suite struct PiecesTests {
  @Test func piecesAreConsecutiveAndNearlyEqual() {
    for total in 0...20 {
      for ranks in 1...7 {
        let pieces = Pieces(total: total, ranks: ranks)
        let lengths = (0..<ranks).map { pieces[$0].count }
        #expect((0..<ranks).flatMap { Array(pieces[$0]) } == Array(0..<total), "\(total) over \(ranks)")
        #expect(lengths.max()! - lengths.min()! <= 1, "\(total) over \(ranks): \(lengths)")
        #expect(pieces.total == total)
      }
    }
  }

  @Test func ranksBeyondTheNumbersGetNone() {
    #expect(Pieces(total: 2, ranks: 4).counts == [1, 1, 0, 0])
  }

  @Test func totalsBeyond32BitsAreStillKnown() {
    #expect(Pieces(counts: [1 << 31, 1 << 31]).total == 1 << 32)
  }

  @Test(arguments: [(0, 4), (3, 100), (8, 4), (10, 4), (1000, 64), (1024, 64), (5, 1)])
  func bucketsRunFromTheEndToTheStart(count: Int, size: Int) {
    let ranges = GradientBuckets.ranges(count: count, size: size)
    #expect(ranges.reversed().flatMap { Array($0) } == Array(0..<count))
    #expect(ranges.allSatisfy { (1...size).contains($0.count) })
  }

  @Test func lastBucketsAreSmall() {
    #expect(GradientBuckets.ranges(count: 200, size: 64).map(\.count) == [64, 64, 36, 18, 9, 5, 4])
    #expect(GradientBuckets.ranges(count: 3, size: 100) == [0..<3])
  }
}
