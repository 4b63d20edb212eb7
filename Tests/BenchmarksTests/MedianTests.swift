import Benchmarks
import Testing

@Suite struct MedianTests {
  @Test func isTheMiddle() {
    #expect(median([3, 1, 2]) == 2)
    #expect(median([4, 1, 3, 2]) == 2.5)
    #expect(median([7]) == 7)
  }
}
