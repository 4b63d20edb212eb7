import Testing

@testable import Progress

/// What a display wrote, at times that the test says.
private final class Screen {
  var seconds = 0.0
  var columns = 27
  var writes: [String] = []
  private let start = ContinuousClock.now

  func display(_ form: ProgressDisplay.Form) -> ProgressDisplay {
    ProgressDisplay(form, now: { self.start + .seconds(self.seconds) }) { self.writes.append($0) }
  }

  var bar: ProgressDisplay { display(.bar(ProgressBar(isUTF8: false)) { self.columns }) }
}

private func state(_ percent: Int) -> ProgressState {
  ProgressState(share: Double(percent) / 100, secondsLeft: 9, details: [])
}

@Suite struct ProgressDisplayTests {
  private let screen = Screen()

  @Test func theBarIsDrawnOverItselfInOneWrite() {
    let display = screen.bar
    display.update(state(20))
    screen.seconds = 1
    display.update(state(40))
    #expect(
      screen.writes == [
        "\r 20 % [#    ] 0:00:09 left\u{1B}[K", "\r 40 % [##   ] 0:00:09 left\u{1B}[K",
      ])
  }

  @Test func itIsDrawnTenTimesASecondAndAtTheEnd() {
    let display = screen.bar
    for step in 0...99 {
      screen.seconds = Double(step) / 100
      display.update(state(step))
    }
    #expect((9...10).contains(screen.writes.count))
    display.finish()
    #expect(screen.writes.last == "\r 99 % [#### ] 0:00:09 left\u{1B}[K\n")
    let count = screen.writes.count
    display.finish()
    #expect(screen.writes.count == count)
  }

  @Test func whatTakesLongIsDrawnAtOnce() {
    let display = screen.bar
    display.update(state(1))
    display.update(state(2))
    display.update(state(3), atOnce: true)
    #expect(screen.writes.map { $0.prefix(5) } == ["\r  1 ", "\r  3 "])
    // Nothing new to draw.
    display.finish()
    #expect(screen.writes.last == "\n")
  }

  @Test func itFollowsTheWindowsWidth() {
    let display = screen.bar
    display.update(state(50))
    screen.columns = 32
    display.update(state(50), atOnce: true)
    #expect(screen.writes.last == "\r 50 % [#####     ] 0:00:09 left\u{1B}[K")
  }

  @Test func messagesStayAboveTheBar() {
    let display = screen.bar
    display.message("before")
    display.update(state(50))
    display.message("two\nlines")
    #expect(
      screen.writes == [
        "before\n", "\r 50 % [##   ] 0:00:09 left\u{1B}[K",
        "\rtwo\u{1B}[K\nlines\u{1B}[K\n 50 % [##   ] 0:00:09 left\u{1B}[K",
      ])
    display.line("for logs")
    #expect(screen.writes.count == 3)
    display.finish()
    display.message("after")
    #expect(screen.writes.suffix(2) == ["\n", "after\n"])
  }

  /// Half a second a step: the lines of a three-day run, and those of its first minute.
  @Test func linesBecomeFewer() {
    let display = screen.display(.lines)
    var early: [Int] = []
    for step in 1...518_400 {
      screen.seconds = Double(step) / 2
      let count = screen.writes.count
      display.line("step \(step)", isLast: step == 518_400)
      if step <= 40, screen.writes.count > count { early.append(step) }
    }
    #expect(early == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 21, 24, 27, 30, 33, 37])
    #expect(screen.writes.count < 4400)
    #expect(screen.writes.last == "step 518400\n")
    #expect(
      screen.writes.suffix(9).dropLast().map { $0.dropFirst(5).dropLast() }.compactMap { Int($0) }.gaps
        == Array(repeating: 120, count: 7))
  }

  @Test func linesHaveNoControlCharacters() {
    let display = screen.display(.lines)
    display.update(state(50), atOnce: true)
    display.line("step 1")
    display.message("saved")
    display.finish()
    #expect(screen.writes == ["step 1\n", "saved\n"])
  }

  @Test func quietShowsMessagesOnly() {
    let display = screen.display(.quiet)
    display.update(state(50), atOnce: true)
    display.line("step 1", isLast: true)
    display.message("warning: data is odd")
    display.finish()
    #expect(screen.writes == ["warning: data is odd\n"])
  }
}

extension [Int] {
  fileprivate var gaps: [Int] { zip(dropFirst(), self).map { $0 - $1 } }
}
