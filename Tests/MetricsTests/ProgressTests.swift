import Testing

@testable import Metrics

@Suite struct ProgressTests {
  static let metrics = TrainingMetrics(
    step: 117, epoch: 2, loss: 5.1234, objective: 5.01, budget: 0.0834, bound: 0.03, macsShare: 0.5123,
    density: [0.5, 0.54], learningRate: 0.28123, imagesPerSecond: 312.4)

  @Test func aLineSaysEverything() {
    let line = ProgressLine(epochs: 20, steps: 780, imagesPerStep: 256)
    #expect(
      line.text(Self.metrics)
        == "epoch 3/20  step 117/780  loss 5.1234  MACs 51.2 %  density 0.520  312 images/s  9 min 03 s left  "
        + "objective 5.0100  budget 0.0834  bound 0.0300  lr 0.281")
    var stalled = Self.metrics
    stalled.imagesPerSecond = 0
    #expect(line.text(stalled).contains("  0 images/s  – left  "))
  }

  @Test(arguments: [
    (0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599, "59 min 59 s"), (3600, "1 h 00 min"),
    (86_399, "23 h 59 min"), (86_400, "1 d 0 h"), (360_000, "4 d 4 h"), (.infinity, "–"), (.nan, "–"),
    (1e300, "–"),
  ])
  func durationsReadWell(seconds: Double, text: String) {
    #expect(ProgressLine.duration(seconds) == text)
  }

  @Test func aTerminalHasOneUpdatingLine() {
    var written = ""
    let display = ProgressDisplay(columns: 10) { written += $0 }
    display.update("step 1 of 20000")
    display.update("step 2")
    display.message("saved")
    display.update("step 3")
    display.finish()
    display.finish()
    #expect(
      written == "\rstep 1 of\u{1B}[K\rstep 2\u{1B}[K\r\u{1B}[Ksaved\n\rstep 3\u{1B}[K\n")
  }

  @Test func elsewhereThereArePlainLines() {
    var written = ""
    let display = ProgressDisplay(columns: nil) { written += $0 }
    display.update("step 1")
    display.message("saved")
    display.finish()
    #expect(written == "step 1\nsaved\n")
  }
}
