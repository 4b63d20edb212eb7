import Configurations
import Metrics
import Progress

/// What rank 0 shows of a run while it works: where it is, and when it will be done.
final class RunProgress: RunObserver {
  private let display: ProgressDisplay
  private let line: ProgressLine
  private let imagesPerStep: Int
  private var timeLeft: TimeLeft
  private var step: Int
  /// What the bar says between two steps.
  private var details: [String] = []
  /// When the evaluation or checkpoint under way began.
  private var begin = ContinuousClock.now

  /// - Parameters:
  ///   - step: Steps that were taken before.
  ///   - images: Images that an evaluation looks at.
  ///   - isNew: Whether the run begins with an evaluation of the untrained network.
  init(
    _ configuration: Configuration, display: ProgressDisplay, step: Int, totalSteps: Int, stepsPerEpoch: Int,
    images: Int, isNew: Bool
  ) {
    self.display = display
    self.step = step
    imagesPerStep = configuration.batch.global
    line = ProgressLine(epochs: configuration.epochs, steps: totalSteps)
    func occurrences(every steps: Int) -> Int {
      TimeLeft.occurrences(every: steps, after: step, through: totalSteps)
    }
    timeLeft = TimeLeft(
      steps: totalSteps - step,
      evaluations: occurrences(every: configuration.evaluate.every * stepsPerEpoch) + (isNew ? 1 : 0),
      checkpoints: occurrences(every: configuration.checkpoint.every),
      // An image forward once, instead of twice forward and backward, which is about two forward.
      evaluationInSteps: Double(images) / Double(6 * imagesPerStep))
  }

  func observe(_ taken: inout TakenStep, in state: inout TrainingState) {
    let metrics = taken.metrics(in: state)
    step = metrics.step
    timeLeft.finish(.step, seconds: taken.seconds)
    let speed = timeLeft.secondsPerStep.map { Double(imagesPerStep) / $0 } ?? 0
    details = line.details(metrics, imagesPerSecond: speed)
    display.update(self.state(details))
    if taken.isLogged {
      display.line(line.text(metrics, secondsLeft: timeLeft.seconds()), isLast: step == line.steps)
    }
  }

  func beginEvaluation() {
    begin = .now
    display.update(state(["evaluating"]), atOnce: true)
  }

  /// - Parameter share: What is done of the evaluation under way, in [0, 1].
  func evaluated(_ share: Double) {
    display.update(state(["evaluating", "\(Int(100 * share)) % of the images"], evaluated: share))
  }

  func beginCheckpoint() {
    begin = .now
    display.update(state(["saving a checkpoint"]), atOnce: true)
  }

  /// The evaluation or checkpoint under way is done.
  func end(_ part: TimeLeft.Part) {
    timeLeft.finish(part, seconds: (ContinuousClock.now - begin) / .seconds(1))
    display.update(state(details))
  }

  private func state(_ details: [String], evaluated: Double = 0) -> ProgressState {
    ProgressState(
      share: line.steps == 0 ? 1 : Double(step) / Double(line.steps),
      secondsLeft: timeLeft.seconds(evaluated: evaluated), details: details)
  }
}
