import Metrics
import Testing

@testable import Training

@Suite struct ProgressLineTests {
  static let metrics = TrainingMetrics(
    step: 117, epoch: 2, loss: 5.1234, objective: 5.01, budget: 0.0834, bound: 0.03, macsShare: 0.5123,
    density: [0.5, 0.54], learningRate: 0.28123, imagesPerSecond: 312.4)
  static let line = ProgressLine(epochs: 20, steps: 780)

  @Test func aLineSaysEverything() {
    #expect(
      Self.line.text(Self.metrics, secondsLeft: 543)
        == "epoch 3/20  step 117/780  loss 5.1234  MACs 51.2 %  density 0.520  312 images/s  9 min 03 s left  "
        + "objective 5.0100  budget 0.0834  bound 0.0300  lr 0.281")
    #expect(
      Self.line.text(Self.metrics, secondsLeft: nil).contains("312 images/s  objective 5.0100"))
  }

  @Test func aPredictedTimeFollowsTheMACs() {
    var metrics = Self.metrics
    metrics.latency = 1.2345
    #expect(
      Self.line.text(metrics, secondsLeft: nil).contains("MACs 51.2 %  1.23 ms an image  density 0.520"))
    #expect(
      Self.line.details(metrics, imagesPerSecond: 300).prefix(3) == [
        "loss 5.1234", "MACs 51.2 %", "1.23 ms an image",
      ])
  }

  @Test func detailsBeginWithWhatMattersMost() {
    #expect(
      Self.line.details(Self.metrics, imagesPerSecond: 300) == [
        "loss 5.1234", "MACs 51.2 %", "300 images/s", "epoch 3/20", "step 117/780", "density 0.520",
        "objective 5.0100", "budget 0.0834", "bound 0.0300", "lr 0.281",
      ])
  }
}
