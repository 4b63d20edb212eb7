import Foundations

/// What each rank spent on a step, as means over some steps: a line of `ranks.jsonl`.
package struct RankTimesRecord: StepRecord, Equatable {
  /// Seconds a step.
  package struct Rank: Codable, Equatable, Sendable {
    /// Where it runs.
    package let host: String
    /// On its own work, waiting for images to be made with it.
    package let work: Double
    /// Waiting for images to be made.
    package let data: Double
    /// In collectives: on waiting for others, and on what travels.
    package let wait: Double

    package init(host: String, work: Double, data: Double, wait: Double) {
      (self.host, self.work, self.data, self.wait) = (host, work, data, wait)
    }

    enum CodingKeys: String, CodingKey {
      case host
      case work = "work_s"
      case data = "data_s"
      case wait = "wait_s"
    }
  }

  /// Steps taken, with the last of these.
  package let step: Int
  /// How many they are, one at least.
  package let steps: Int
  /// In rank order, one at least.
  package let ranks: [Rank]

  /// How much longer than the median a rank's work may take.
  private static let tolerance = 1.2

  package init(step: Int, steps: Int, ranks: [Rank]) {
    (self.step, self.steps, self.ranks) = (step, steps, ranks)
  }

  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    step = try record.decodeCount(forKey: .step)
    steps = try record.decodeCount(forKey: .steps)
    ranks = try record.decode([Rank].self, forKey: .ranks)
    guard steps > 0, !ranks.isEmpty else {
      throw DecodingError.dataCorruptedError(
        forKey: .ranks, in: record, debugDescription: "there are no steps or ranks")
    }
  }

  package static func held(by entry: LogEntry) -> RankTimesRecord? {
    if case .rankTimes(let record) = entry { record } else { nil }
  }

  /// The work of the rank in the middle; of two the faster one's, which is what the slower one could be.
  package var medianWork: Double { ranks.map(\.work).sorted()[(ranks.count - 1) / 2] }

  /// The ranks that keep the others waiting: by their own work, as every rank's step takes equally long.
  package var slowRanks: [Int] {
    let most = Self.tolerance * medianWork
    return ranks.indices.filter { ranks[$0].work > most }
  }

  /// All ranks, those with the most work of their own first.
  package var slowestFirst: [Int] {
    ranks.indices.sorted { (ranks[$0].work, $1) > (ranks[$1].work, $0) }
  }
}
