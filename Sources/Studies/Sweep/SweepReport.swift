import Evaluation
import Foundations

/// What a sweep came to: the papers' table.
public struct SweepReport: Report, Sendable {
  /// One run.
  struct Row: Equatable, Sendable {
    let target: Double
    let seed: UInt64
    let path: String
    let state: RunState?
    /// On the test images, as a share of the dense network's.
    let macsShare: Double?
    /// Top-1 in percent, of weighted k-NN, of the nearest neighbour and of a linear classifier.
    let knn: Double?
    let nearest: Double?
    let linear: Double?
    /// What its steps took.
    let seconds: Double?

    /// - Parameter run: nil: it has not begun. Results of one that has not finished say nothing yet.
    init(_ member: SweepPlan.Member, _ run: FoundRun?) {
      (target, seed, path) = (member.target, member.seed, member.folder.path)
      state = run?.state
      let result = run?.state == .finished ? run : nil
      (macsShare, knn, nearest) = (result?.macsShare, result?.knn, result?.nearest)
      (linear, seconds) = (result?.linear, result?.seconds)
    }

    init(
      target: Double, seed: UInt64, macsShare: Double? = nil, knn: Double? = nil, linear: Double? = nil,
      seconds: Double? = nil
    ) {
      (self.target, self.seed, path, state) = (target, seed, "", .finished)
      (self.macsShare, self.knn, nearest, self.linear, self.seconds) = (macsShare, knn, nil, linear, seconds)
    }
  }

  /// All runs of one target.
  struct Summary: Equatable, Sendable {
    let target: Double
    let runs: Int
    let finished: Int
    let macsShare: MeanAndSpread?
    let knn: MeanAndSpread?
    let nearest: MeanAndSpread?
    let linear: MeanAndSpread?
    let seconds: MeanAndSpread?

    init(target: Double, _ rows: [Row]) {
      self.target = target
      runs = rows.count
      finished = rows.count { $0.state == .finished }
      macsShare = MeanAndSpread(ofAny: rows.compactMap(\.macsShare))
      knn = MeanAndSpread(ofAny: rows.compactMap(\.knn))
      nearest = MeanAndSpread(ofAny: rows.compactMap(\.nearest))
      linear = MeanAndSpread(ofAny: rows.compactMap(\.linear))
      seconds = MeanAndSpread(ofAny: rows.compactMap(\.seconds))
    }
  }

  let rows: [Row]
  let summaries: [Summary]
  /// Of target 1; nil: it is not in the sweep.
  private var dense: Summary? { summaries.first { $0.target == 1 } }

  init(_ rows: [Row], targets: [Double]) {
    self.rows = rows
    summaries = targets.map { target in Summary(target: target, rows.filter { $0.target == target }) }
  }

  // MARK: Text

  public var text: String {
    let hasLinear = summaries.contains { $0.linear != nil }
    let isCompared = dense.map { dense in dense.finished > 0 && summaries.count > 1 } ?? false
    let titles: [TextTable.Column] =
      [.name("target"), .number("runs"), .number("MACs in %"), .number("saved"), .number("k-NN in %")]
      + (isCompared ? [.number("to dense")] : [])
      + (hasLinear ? [.number("linear in %")] + (isCompared ? [.number("to dense")] : []) : [])
      + [.number("time")]
    let lines = TextTable(
      titles,
      summaries.map { summary in
        let knn = [summary.knn?.text(decimals: 2) ?? "–"] + (isCompared ? [difference(summary, \.knn)] : [])
        let linear =
          hasLinear
          ? [summary.linear?.text(decimals: 2) ?? "–"] + (isCompared ? [difference(summary, \.linear)] : [])
          : []
        return [
          summary.target == 1 ? "dense" : SweepPlan.text(summary.target),
          summary.finished == summary.runs ? "\(summary.runs)" : "\(summary.finished)/\(summary.runs)",
          summary.macsShare?.text(decimals: 1, scale: 100) ?? "–",
          summary.macsShare.map { percent(100 * (1 - $0.mean), decimals: 1) } ?? "–",
        ] + knn + linear + [summary.seconds.map { durationText($0.mean) } ?? "–"]
      }
    ).lines
    return (lines + notes).joined(separator: "\n")
  }

  /// In points of percent; empty for the dense network itself.
  private func difference(_ summary: Summary, _ measure: (Summary) -> MeanAndSpread?) -> String {
    guard summary.target != 1 else { return "" }
    guard let value = self.difference(of: summary, measure) else { return "–" }
    return (value < 0 ? "−" : "+") + decimals(abs(value), 2)
  }

  private func difference(of summary: Summary, _ measure: (Summary) -> MeanAndSpread?) -> Double? {
    guard let dense, let reference = measure(dense), let value = measure(summary) else { return nil }
    return value.mean - reference.mean
  }

  private var notes: [String] {
    let open = rows.count { $0.state != .finished }
    let isSpread = summaries.contains { $0.finished > 1 }
    return (isSpread ? ["", "mean ± standard deviation over seeds"] : [])
      + (open > 0
        ? ["", "\(counted(open, "run")) \(form(of: "is", for: open, plural: "are")) not finished"] : [])
  }

  // MARK: JSON and CSV

  public var json: JSONValue {
    .object([
      "rows": .list(rows.map { .object(keyed: Self.fields(of: $0)) }),
      "targets": .list(summaries.map { .object(keyed: fields(of: $0)) }),
    ])
  }

  private static func fields(of row: Row) -> [(key: String, value: JSONValue)] {
    return [
      ("target", .number(row.target)),
      ("seed", JSONValue(seed: row.seed)),
      ("path", .text(row.path)), ("state", row.state.map { .text($0.rawValue) } ?? .null),
      ("macs_share", JSONValue(row.macsShare)), ("knn", JSONValue(row.knn)),
      ("nearest", JSONValue(row.nearest)),
      ("linear", JSONValue(row.linear)), ("seconds", JSONValue(row.seconds)),
    ]
  }

  private func fields(of summary: Summary) -> [(key: String, value: JSONValue)] {
    func spread(_ value: MeanAndSpread?) -> JSONValue { value?.json ?? .null }
    return [
      ("target", .number(summary.target)), ("runs", .integer(summary.runs)),
      ("finished", .integer(summary.finished)),
      ("macs_share", spread(summary.macsShare)),
      ("reduction", JSONValue(summary.macsShare.map { 1 - $0.mean })),
      ("knn", spread(summary.knn)), ("knn_to_dense", JSONValue(difference(of: summary, \.knn))),
      ("nearest", spread(summary.nearest)),
      ("nearest_to_dense", JSONValue(difference(of: summary, \.nearest))),
      ("linear", spread(summary.linear)), ("linear_to_dense", JSONValue(difference(of: summary, \.linear))),
      ("seconds", spread(summary.seconds)),
    ]
  }

  /// A row a run.
  var csv: String { CSV(records: rows.map(Self.fields)).text }
}
