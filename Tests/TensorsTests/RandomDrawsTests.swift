import Tensors
import Testing

@Suite struct RandomDrawsTests {
  /// As many at once as one by one.
  @Test(arguments: [0, 1, 4, 7, 100]) func integersAreThoseOfSingleDraws(count: Int) {
    let draws = RandomDraws(seed: 3, purpose: .test, index: 5, epoch: 2)
    let found = draws.integers(count, below: 50)
    #expect(found == (0..<count).map { draws.integer($0, below: 50) })
    #expect(found.allSatisfy { (0..<50).contains($0) })
  }
}
