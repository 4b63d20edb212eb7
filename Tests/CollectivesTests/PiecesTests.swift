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

  @Test func bucketsRunFromTheEndToTheStart() {
    #expect(GradientBuckets.ranges(count: 10, size: 4) == [6..<10, 2..<6, 0..<2])
    #expect(GradientBuckets.ranges(count: 8, size: 4) == [4..<8, 0..<4])
    #expect(GradientBuckets.ranges(count: 3, size: 100) == [0..<3])
    #expect(GradientBuckets.ranges(count: 0, size: 4) == [])
  }
}
