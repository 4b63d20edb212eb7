import Foundations

/// Who has not come to a collective that should long be over, judged by what ranks have left about themselves.
package struct RollCall: Sendable {
  /// Of the rank that calls, which waits.
  let caller: RankRecord
  /// By rank, the caller's with them; a rank that left none is missing.
  let records: [Int: RankRecord]
  /// Where each rank runs, in rank order.
  let hosts: [String]
  /// How often records are written, in seconds.
  let beat: Double

  /// Ranks that have begun fewer collectives than the caller.
  var absent: [Int] {
    hosts.indices.filter { rank in records[rank].map { $0.number < caller.number } ?? true }
  }

  /// The rank that speaks for all that wait: the lowest of those that do, in the same collective, and live.
  var speaker: Int {
    hosts.indices.first { rank in
      guard let record = records[rank] else { return false }
      return record.waiting && record.number == caller.number && isFresh(record)
    } ?? caller.rank
  }

  /// What is wrong, as one sentence that names the ranks.
  var sentence: String {
    let waited =
      "waited \(durationText(caller.seconds)) in '\(caller.collective)'" + Self.step(caller.step)
      + " (--collective-timeout)"
    if records.isEmpty {
      return "\(waited): not every rank has come, and which one cannot be known from here"
    }
    let absent = absent
    let others = records.values.filter { $0.number == caller.number && $0.collective != caller.collective }
    if absent.isEmpty, let other = others.min(by: { $0.rank < $1.rank }) {
      return "\(waited), but rank \(other.rank) on \(other.host) is at '\(other.collective)' instead: "
        + "ranks do not take the same steps, which is a fault of Sluice"
    }
    guard !absent.isEmpty else {
      return "\(waited) although every rank has come: the network between them, or MPI, does not deliver"
    }
    if let first = earliestWait {
      return
        "\(waited) for \(words(for: first)) although every rank has come there: the network between them, or MPI, "
        + "does not deliver"
    }
    let named = absent.prefix(4).map(words(for:))
    let rest = absent.count > 4 ? "; \(absent.count - 4) more have not come either" : ""
    return "\(waited) for \(named.joined(separator: "; "))\(rest)"
  }

  /// The rank behind all others where it waits itself, they have all begun what it waits in, and all live.
  private var earliestWait: Int? {
    guard records.count == hosts.count, let last = records.values.min(by: { $0.number < $1.number }),
      last.waiting, records.values.allSatisfy(isFresh), records.values.count(where: { $0.number == last.number }) == 1
    else { return nil }
    return last.rank
  }

  private func words(for rank: Int) -> String {
    let name = "rank \(rank) on \(hosts[rank])"
    guard let record = records[rank] else {
      return "\(name), of which there is no record (its host may not see the run's folder)"
    }
    let doing = record.waiting ? "waiting in '\(record.collective)'" : "at work after '\(record.collective)'"
    guard isFresh(record), let age = record.age else {
      let age = record.age.map { "last wrote \(durationText($0)) ago" } ?? "wrote at a time that is not known"
      return "\(name), which \(age), \(doing)\(Self.step(record.step))"
    }
    return "\(name), which lives and has been \(doing)\(Self.step(record.step)) "
      + "for \(durationText(record.seconds + age))"
  }

  /// Whether a rank's watchdog still writes.
  private func isFresh(_ record: RankRecord) -> Bool { record.age.map { $0 < 2 * beat + 1 } ?? false }

  private static func step(_ step: Int) -> String {
    step > 0 ? " of step \(step)" : " before the first step"
  }
}
