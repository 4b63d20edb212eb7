/// Tells the logs about steps; rank 0 only.
final class MetricsLog: RunObserver {
  private let records: RunRecords

  init(_ records: RunRecords) { self.records = records }

  func isDue(after step: TakenStep) -> Bool { step.isLogged }

  func observe(_ step: inout TakenStep, in state: inout TrainingState) throws {
    try records.record(.training(step.metrics(in: state)))
  }
}
