import Logging

/// Warns where projections collapse; rank 0 only.
final class CollapseAlarm: RunObserver {
  private var watch: CollapseWatch
  private let log: Logger

  init(_ watch: CollapseWatch, log: Logger) {
    self.watch = watch
    self.log = log
  }

  func isDue(after step: TakenStep) -> Bool { step.isLogged }

  func observe(_ step: inout TakenStep, in state: inout TrainingState) {
    for warning in watch.observe(step.metrics(in: state)) { log.warning("\(warning)") }
  }
}
