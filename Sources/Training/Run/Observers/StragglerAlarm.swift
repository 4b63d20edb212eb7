import Collectives
import Logging

/// Warns of ranks that keep the others waiting; with every line of metrics ranks tell each other what they spent.
final class StragglerAlarm: RunObserver {
  private let communicator: Communicator
  private let log: Logger
  private var own = StragglerWatch.Times(work: 0, data: 0, wait: 0)
  private var steps = 0
  /// nil until ranks have told where they run.
  private var watch: StragglerWatch?

  init(_ prepared: RunPreparation) {
    communicator = prepared.communicator
    log = prepared.log
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
    let sentences = watch?.add(all, steps: steps) ?? []
    if communicator.rank == 0 { for sentence in sentences { log.warning("\(sentence)") } }
    (own, steps) = (StragglerWatch.Times(work: 0, data: 0, wait: 0), 0)
  }
}
