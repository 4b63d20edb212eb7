import Testing

@testable import Foundations

@Suite struct TextTests {
  @Test(arguments: [
    (0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599, "59 min 59 s"), (3600, "1 h 00 min"),
    (86_399, "23 h 59 min"), (86_400, "1 d 0 h"), (360_000, "4 d 4 h"), (.infinity, "–"), (.nan, "–"),
    (1e300, "–"),
  ])
  func durationsReadWell(seconds: Double, text: String) {
    #expect(durationText(seconds) == text)
  }

  @Test(arguments: [(0, "0 ranks"), (1, "1 rank"), (2, "2 ranks"), (1024, "1,024 ranks")])
  func countsAgreeWithTheirNouns(count: Int, text: String) {
    #expect(counted(count, "rank") == text)
  }

  @Test func unusualPluralsAreGiven() {
    #expect(counted(2, "class", plural: "classes") == "2 classes")
    #expect(counted(1, "class", plural: "classes") == "1 class")
  }

  @Test func longTextBreaksBetweenWords() {
    #expect("a bc def".wrapped(columns: 4) == ["a bc", "def"])
    #expect("a longer word".wrapped(columns: 3) == ["a", "longer", "word"])
    #expect("one two".wrapped(columns: 8, first: "- ") == ["- one", "  two"])
    #expect("".wrapped(columns: 4) == [""])
  }
}
