import Foundation
import Foundations

/// Which ranks keep the others waiting: by their own work, as every rank's step takes equally long.
struct StragglerWatch {
  /// What a rank spent on some steps, in seconds.
  struct Times: Equatable, Sendable {
    /// On its own work, waiting for images to be made with it.
    var work: Double
    /// Waiting for images to be made.
    var data: Double
    /// In collectives: on waiting for others, and on what travels.
    var wait: Double

    static func + (a: Times, b: Times) -> Times {
      Times(work: a.work + b.work, data: a.data + b.data, wait: a.wait + b.wait)
    }

    func mean(of steps: Int) -> Times {
      Times(work: work / Double(steps), data: data / Double(steps), wait: wait / Double(steps))
    }
  }

  /// Where each rank runs, in rank order.
  let hosts: [String]
  /// How many steps are looked at together, at least.
  private static let window = 100
  /// How much longer than the median a rank's work may take.
  private static let tolerance = 1.2
  private var sums: [Times] = []
  private var steps = 0
  /// Ranks that were slow when they were last looked at.
  private var slow: Set<Int> = []

  init(hosts: [String]) { self.hosts = hosts }

  /// Adds what ranks spent on the last steps, in rank order.
  ///
  /// - Returns: Sentences on ranks that have become slow, and a table of all of them, at the end of each window of steps.
  mutating func add(_ times: [Times], steps: Int) -> [String] {
    sums = sums.isEmpty ? times : zip(sums, times).map { $0 + $1 }
    self.steps += steps
    guard self.steps >= Self.window else { return [] }
    let means = sums.map { $0.mean(of: self.steps) }
    // The lower one of two: the faster rank is what the slower one could be.
    let median = means.map(\.work).sorted()[(means.count - 1) / 2]
    let found = Set(means.indices.filter { means[$0].work > Self.tolerance * median })
    let new = found.subtracting(slow).sorted()
    defer {
      (sums, self.steps) = ([], 0)
      slow = found
    }
    guard !new.isEmpty else { return [] }
    return new.map { sentence($0, means[$0], median) } + [table(means)]
  }

  private func sentence(_ rank: Int, _ times: Times, _ median: Double) -> String {
    String(
      format:
        "rank %d on %@ keeps the others waiting: its own work took %.0f ms a step over the last %d steps, "
        + "%.0f %% more than the median rank's %.0f ms (%.0f ms of it waiting for images)",
      rank, hosts[rank], 1000 * times.work, steps, 100 * (times.work / median - 1), 1000 * median,
      1000 * times.data)
  }

  /// The slowest ranks first, eight at most.
  private func table(_ means: [Times]) -> String {
    let order = means.indices.sorted { means[$0].work > means[$1].work }.prefix(8)
    let rows = order.map {
      String(
        format: "rank %d on %@: work %.0f, of it images %.0f; collectives %.0f", $0, hosts[$0],
        1000 * means[$0].work, 1000 * means[$0].data, 1000 * means[$0].wait)
    }
    return "milliseconds a step, slowest first: " + rows.joined(separator: " | ")
  }
}
