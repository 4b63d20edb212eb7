internal import CSignals
import Foundation
import Foundations
import Machine
import Synchronization

/// Ends the job when a rank has waited in a collective for longer than a person is willing to, and says who did not come.
///
/// MPI waits for ever for a rank that was stopped, is stuck on a disk that is away, or is behind a network that was cut,
/// and none of these can be asked. So each rank leaves its place in the run's folder every few seconds
/// (`RankRecords`), and the first that loses patience calls the roll there. Files may be as stuck as the ranks: threads of
/// their own touch them, and an alarm of the system ends this process whatever becomes of them.
package final class RankWatchdog: Sendable {
  private struct Life {
    var isOver = false
    /// Of this rank, as it was last seen.
    var patience: CollectivePatience
  }

  private let place: NotedPlace
  private let rank: Int
  private let hosts: [String]
  private let limit: Duration
  private let records: RankRecords
  private let life: Mutex<Life>

  /// Between two looks at this rank's place.
  private static let pace = Duration.milliseconds(500)
  /// How long the roll call may take, and after how many seconds the process ends in any case.
  private static let readingTime = 1.5
  private static let lastSeconds: UInt32 = 4
  /// How long ranks that are not the speaker wait for it to have ended the job.
  private static let speakersLead = 2.0

  /// How often a rank leaves a record, in seconds: seldom, for a shared disk may serve thousands of ranks.
  private var beat: Double { min(max(limit / .seconds(10), 0.5), 15) }

  /// - Parameters:
  ///   - place: This rank's.
  ///   - hosts: Where each rank runs, in rank order.
  ///   - limit: How long a collective may take.
  ///   - folder: Where ranks leave their records; made by rank 0 (`RankRecords.prepare`).
  init(_ place: NotedPlace, rank: Int, hosts: [String], limit: Duration, folder: String) {
    self.place = place
    self.rank = rank
    self.hosts = hosts
    self.limit = limit
    records = RankRecords(folder: folder)
    life = Mutex(Life(patience: CollectivePatience(pace: Self.pace)))
    startThread("sluice-deadline") { [self] in watch() }
    startThread("sluice-record") { [self] in keepRecord() }
  }

  /// Ends the watch. The last record stays: it says where the rank was.
  package func stop() {
    records.write(record())
    life.withLock { $0.isOver = true }
  }

  private func watch() {
    var last = ContinuousClock.now
    while true {
      Thread.sleep(forTimeInterval: Self.pace / .seconds(1))
      let now = ContinuousClock.now
      let isOver: Bool? = life.withLock { life in
        guard !life.isOver else { return nil }
        life.patience.look(at: place.place, after: now - last)
        return life.patience.isOver(limit)
      }
      guard let isOver else { return }
      if isOver { callTheRoll() }
      last = now
    }
  }

  private func keepRecord() {
    var isTold = false
    var next = ContinuousClock.now
    while !life.withLock({ $0.isOver }) {
      // A launcher that ends the job asks first: where it ended is known to the second then.
      let isAsked = signals_stop_requested() != 0
      if ContinuousClock.now >= next || isAsked && !isTold {
        records.write(record())
        next = .now + .seconds(beat)
        isTold = isAsked
      }
      Thread.sleep(forTimeInterval: Self.pace / .seconds(1))
    }
  }

  private func record() -> RankRecord {
    let patience = life.withLock { $0.patience }
    return RankRecord(
      rank: rank, host: hosts[rank], pid: getpid(), step: place.step, place: patience.place ?? place.place,
      seconds: patience.seconds)
  }

  private func callTheRoll() -> Never {
    signals_end_within(Self.lastSeconds)
    let wasAsked = signals_stop_requested() != 0
    let call = RollCall(caller: record(), records: readRecords(), hosts: hosts, beat: beat)
    if call.speaker != rank {
      Thread.sleep(forTimeInterval: Self.speakersLead)
      // The speaker's launcher has begun to end this rank.
      if !wasAsked, signals_stop_requested() != 0 { _exit(1) }
    }
    Communicator.endJob(saying: call.sentence, rank: rank, on: hosts[rank])
  }

  /// Those that are there in time.
  private func readRecords() -> [Int: RankRecord] {
    let reading = Reading()
    startThread("sluice-roll-call") { [self] in
      // Its own first: others' ages are told by it.
      records.write(record())
      let found = records.read(ranks: hosts.count, own: rank)
      reading.found.withLock { $0 = found }
      reading.isDone.signal()
    }
    _ = reading.isDone.wait(timeout: .now() + Self.readingTime)
    return reading.found.withLock { $0 }
  }

  private final class Reading: Sendable {
    let found = Mutex<[Int: RankRecord]>([:])
    let isDone = DispatchSemaphore(value: 0)
  }
}
