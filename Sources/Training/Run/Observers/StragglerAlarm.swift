import Collectives
import Logging

/// Warns of ranks that keep the others waiting, and records what each spends; with every line of metrics ranks tell each
/// other.
final class StragglerAlarm: RunObserver {
  private let communicator: Communicator
  private let log: Logger
  private let records: RunRecords?
  private var own = StragglerWatch.Times(work: 0, data: 0, wait: 0)
  private var steps = 0
  /// nil until ranks have told where they run.
  private var watch: StragglerWatch?

  /// - Parameter records: nil but on rank 0.
  init(_ prepared: RunPreparation, records: RunRecords?) {
    communicator = prepared.communicator
    log = prepared.log
    self.records = records
  }

  func observe(_ step: inout TakenStep, in state: inout TrainingState) throws {
    own =
      own
      + StragglerWatch.Times(
        work: max(0, step.seconds - step.waits.collectives), data: step.waits.data,
        wait: step.waits.collectives)
    steps += 1
    guard step.isLogged else { return }
    if watch == nil { watch = StragglerWatch(hosts: try communicator.gatherEach(communicator.hostName)) }
    let all = try communicator.gatherTimes([own.work, own.data, own.wait]).map {
      StragglerWatch.Times(work: $0[0], data: $0[1], wait: $0[2])
    }
    let found = watch?.add(all, steps: steps, upTo: step.number, isLast: step.isLast)
    (own, steps) = (StragglerWatch.Times(work: 0, data: 0, wait: 0), 0)
    guard let found, let records else { return }
    for sentence in found.sentences { log.warning("\(sentence)") }
    try records.record(.rankTimes(found.record))
  }
}
