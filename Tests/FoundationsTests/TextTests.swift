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
}
