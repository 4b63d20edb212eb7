import Foundation
import Foundations

/// What `sluice runs DIR` prints: a line for each run.
public struct RunList: Report, Sendable {
  private let selection: RunSelection

  public init(_ selection: RunSelection) { self.selection = selection }

  public var text: String {
    let runs = selection.runs
    guard !runs.isEmpty else {
      return
        ([
          selection.total == 0
            ? none : "none of the \(counted(selection.total, "run")) below \(shownRoot) is so"
        ]
        + selection.notes).joined(separator: "\n")
    }
    var metrics = [RunMetric.knn]
    if runs.contains(where: { $0.linear != nil }) { metrics.append(.linear) }
    metrics.append(.macsShare)
    if let best = selection.best, !metrics.contains(where: { $0.name == best.name }) { metrics.append(best) }
    // How long it will take or has taken matters while something trains.
    let isAnyTraining = runs.contains { $0.state == .training }
    let columns: [TextTable.Column] =
      [.name("run"), .name("state"), .number("step")] + metrics.map { .number($0.title) }
      + (isAnyTraining ? [.number("time left")] : [])
    let table = TextTable(
      columns,
      runs.map { run in
        [ByteName(run.name).text, run.state.rawValue, Self.progress(run)]
          + metrics.map { metric in metric.value(run).map(metric.text) ?? "–" }
          + (isAnyTraining ? [run.secondsLeft.map(durationText) ?? "–"] : [])
      })
    let count =
      counted(runs.count, "run") + (runs.count < selection.total ? " of \(grouped(selection.total))" : "")
    let states = RunState.allCases.compactMap { state in
      let count = runs.count { $0.state == state }
      return count == 0 ? nil : "\(grouped(count)) \(state.rawValue)"
    }
    return
      (table.lines + ["", "\(count) below \(shownRoot): \(states.joined(separator: ", "))"] + selection.notes)
      .joined(separator: "\n")
  }

  private var shownRoot: String { ByteName(selection.root).text }

  private var none: String {
    "there are no runs below \(shownRoot): a run's folder holds config.yaml, and environment.json or metrics.jsonl"
  }

  /// For example `1,200/97,500`.
  static func progress(_ run: FoundRun) -> String {
    "\(grouped(run.step))/\(run.steps.map(grouped) ?? "?")"
  }

  public var json: JSONValue {
    .object([
      "runs": .list(selection.runs.map { .object(keyed: $0.fields) }),
      "skipped": .list(
        selection.skipped.map { .object(["path": .text($0.path), "reason": .text($0.reason)]) }),
      "notes": .list(selection.notes.map(JSONValue.text)),
    ])
  }
}
