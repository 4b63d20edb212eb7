import Foundation
import Metrics

/// Which ranks keep the others waiting.
struct StragglerWatch {
  /// What a rank spent on some steps, in seconds; see `RankTimesRecord.Rank`.
  struct Times: Equatable, Sendable {
    var work: Double
    var data: Double
    var wait: Double

    static func + (a: Times, b: Times) -> Times {
      Times(work: a.work + b.work, data: a.data + b.data, wait: a.wait + b.wait)
    }
  }

  /// What came of steps that are looked at together.
  struct Finding: Equatable {
    let record: RankTimesRecord
    /// On ranks that have become slow, and a table of all of them; none where none has.
    let sentences: [String]
  }

  /// Where each rank runs, in rank order.
  let hosts: [String]
  /// How many steps are looked at together, at least.
  private static let window = 100
  private var sums: [Times] = []
  private var steps = 0
  /// Ranks that were slow when they were last looked at.
  private var slow: Set<Int> = []

  init(hosts: [String]) { self.hosts = hosts }

  /// Adds what ranks spent on the last steps, in rank order.
  ///
  /// - Parameters:
  ///   - steps: How many they are.
  ///   - step: Steps taken, with these.
  ///   - isLast: Whether no others follow: what there is is recorded then, and nobody warned of it.
  /// - Returns: What was found, at the end of each window of steps; nil before.
  mutating func add(_ times: [Times], steps: Int, upTo step: Int, isLast: Bool = false) -> Finding? {
    sums = sums.isEmpty ? times : zip(sums, times).map { $0 + $1 }
    self.steps += steps
    let isWhole = self.steps >= Self.window
    guard isWhole || isLast else { return nil }
    let count = Double(self.steps)
    let record = RankTimesRecord(
      step: step, steps: self.steps,
      ranks: zip(hosts, sums).map {
        .init(host: $0, work: $1.work / count, data: $1.data / count, wait: $1.wait / count)
      })
    (sums, self.steps) = ([], 0)
    guard isWhole else { return Finding(record: record, sentences: []) }
    let found = Set(record.slowRanks)
    let new = found.subtracting(slow).sorted()
    slow = found
    return Finding(
      record: record,
      sentences: new.isEmpty ? [] : new.map { Self.sentence($0, record) } + [Self.table(record)])
  }

  private static func sentence(_ rank: Int, _ record: RankTimesRecord) -> String {
    let (times, median) = (record.ranks[rank], record.medianWork)
    return String(
      format:
        "rank %d on %@ keeps the others waiting: its own work took %.0f ms a step over the last %d steps, "
        + "%.0f %% more than the median rank's %.0f ms (%.0f ms of it waiting for images)",
      rank, times.host, 1000 * times.work, record.steps, 100 * (times.work / median - 1), 1000 * median,
      1000 * times.data)
  }

  /// The slowest ranks first, eight at most.
  private static func table(_ record: RankTimesRecord) -> String {
    let rows = record.slowestFirst.prefix(8).map { rank in
      let times = record.ranks[rank]
      return String(
        format: "rank %d on %@: work %.0f, of it images %.0f; collectives %.0f", rank, times.host,
        1000 * times.work, 1000 * times.data, 1000 * times.wait)
    }
    return "milliseconds a step, slowest first: " + rows.joined(separator: " | ")
  }
}
