import Foundation
import Foundations

/// One page that shows runs.
struct ReportPage {
  let runs: [ReportRun]
  /// What tells the runs apart: short names where they do.
  let names: [String]
  /// ISO 8601, UTC.
  let madeAt: String

  /// - Parameter runs: At least one.
  init(_ runs: [ReportRun], madeAt: String = ISO8601DateFormatter().string(from: Date())) {
    self.runs = runs
    self.madeAt = madeAt
    let short = runs.map(\.name)
    names = Set(short).count == short.count ? short : Self.distinct(runs.map(\.path))
  }

  /// Paths without the folders at their beginnings and ends that all of them share.
  static func distinct(_ paths: [String]) -> [String] {
    let folders = paths.map { $0.split(separator: "/") }
    func shared(_ lists: [[Substring]]) -> Int {
      var count = 0
      let most = (lists.map(\.count).min() ?? 1) - 1
      while count < most, lists.allSatisfy({ $0[count] == lists[0][count] }) { count += 1 }
      return count
    }
    let rests = folders.map { Array($0.dropFirst(shared(folders))) }
    let end = shared(rests.map { $0.reversed() })
    let names = rests.map { $0.dropLast(end).joined(separator: "/") }
    return Set(names).count == names.count ? names : paths
  }

  var html: String {
    let sections = [heading, comparison, training, blocks].compactMap(\.self) + details
    return HTMLPage(
      title: title, header: header, sections: sections, footer: "Made by sluice report, \(madeAt).",
      isComparison: isComparison
    ).html
  }

  var isComparison: Bool { runs.count > 1 }

  private var title: String {
    isComparison ? "\(counted(runs.count, "run")): \(names.joined(separator: ", "))" : names[0]
  }

  private var header: Markup {
    let notes = zip(runs, names).flatMap { run, name in
      run.notes.map { note -> Markup in
        isComparison ? "<p class=\"notice\"><b>\(name)</b> \(note)</p>" : "<p class=\"notice\">\(note)</p>"
      }
    }
    let subtitle = isComparison ? "" : runs[0].subtitle
    return """
      <p class="kind">Sluice report</p><h1>\(isComparison ? counted(runs.count, "run") : names[0])</h1>\
      <p class="lead">\(subtitle)</p>\(notes)
      """
  }

  /// One line of the same colour for each run.
  func series(_ points: (ReportRun) -> [Series.Point]) -> [Series] {
    zip(runs, names).enumerated().compactMap { number, run in
      let points = points(run.0)
      return points.contains { $0.y.isFinite } ? Series(label: run.1, color: number, points: points) : nil
    }
  }

  /// Which colour is which run's; nothing where there is one.
  var legend: Markup {
    isComparison ? HTMLPage.legend(names) : ""
  }
}

extension ReportRun {
  /// What it is, in a line.
  fileprivate var subtitle: String {
    guard let configuration else { return path }
    let gates = target.map { "gated, target \(NumberText.short(100 * $0)) % of the MACs" } ?? "dense"
    let epoch = training.last.map { ", epoch \($0.epoch + 1) of \(configuration.epochs)" } ?? ""
    return [
      "\(configuration.objective.name.rawValue)",
      configuration.network.title, gates,
      configuration.data.source,
      "step \(grouped(lastStep))\(steps.map { " of \(grouped($0))" } ?? "")\(epoch)",
    ].joined(separator: " · ")
  }
}
