import Evaluation
import Foundation
import Foundations
import Pruning

/// The figures of [C] for a study: accuracy and transfer against the weights that remain, and how far masks agree.
struct PruneStudyPage {
  private let report: PruneStudyReport
  /// ISO 8601, UTC.
  private let madeAt: String

  init(_ report: PruneStudyReport, madeAt: String = ISO8601DateFormatter().string(from: Date())) {
    self.report = report
    self.madeAt = madeAt
  }

  var html: String {
    let seeds = Set(report.rows.map(\.seed)).count
    return HTMLPage(
      title: "Pruning study",
      header: """
        <p class="kind">Sluice pruning study</p><h1>\(report.sources.map(\.description).joined(separator: ", "))</h1>\
        <p class="lead">Means over \(counted(seeds, "seed")); shades go from the lowest to the highest value. Each round \
        of pruning takes a fifth of the weights that remain.</p>
        """,
      sections: [accuracy, transfer, overlap].compactMap(\.self),
      footer: "Made by sluice prune-study, \(madeAt).", isComparison: true
    ).html
  }

  private static let sharesTitle = "weights that remain, %"

  private var shares: [(value: Double, name: String)] {
    zip(report.rounds, report.shares).map { round, share in
      (Double(round), share.map { decimals(100 * $0, $0 < 0.1 ? 1 : 0) } ?? "–")
    }
  }

  private func plot(_ title: String, _ series: [Series]) -> LinePlot {
    LinePlot(
      title: title, yTitle: "top-1, %", series: series, xTitle: Self.sharesTitle, places: shares,
      namesLines: true)
  }

  // MARK: Accuracy

  private var accuracy: ReportSection? {
    let figures = report.schedules.compactMap { schedule in
      plot(
        report.schedules.count == 1 ? "Accuracy on labels" : "Accuracy on labels, \(schedule.name)",
        report.sources.enumerated().compactMap { number, source in
          series(source.description, number) { report.accuracy(source, schedule, round: $0) }
        }
      ).figure()
    }
    guard !figures.isEmpty else { return nil }
    return ReportSection(
      title: "Re-training on labels",
      text: """
        Networks that were pruned by masks of different origin are taken back to their early weights and trained on labels, \
        all with the same schedule; random masks keep as many weights of each layer as those of labels.
        """, figures: figures)
  }

  // MARK: Transfer

  private var transfer: ReportSection? {
    let figures = report.sources.compactMap { source in
      plot(
        "Network of \(source)",
        report.stages.enumerated().compactMap { number, stage in
          series(stage, number) { report.transfer(source, layer: stage, round: $0) }
        }
      ).figure()
    }
    guard !figures.isEmpty else { return nil }
    return ReportSection(
      title: "Transfer to \(report.transferName ?? "other data")",
      text:
        "Linear classifiers on the frozen features of each stage of the pruned networks, before re-training.",
      figures: figures)
  }

  // MARK: Overlap

  private var overlap: ReportSection? {
    let layers = report.layers
    guard layers.count > 1 else { return nil }
    let ends = [0, layers.count - 1].map {
      (value: Double($0 + 1), name: layers[$0].replacing(".weight", with: ""))
    }
    let figures = zip(report.rounds, shares).filter { $0.0 > 0 }.compactMap { round, share -> Figure? in
      func line(_ pair: [MaskSource], _ color: Int, _ label: String, _ value: (MaskOverlap) -> Double)
        -> Series
      {
        Series(
          label: label, color: color,
          points: layers.enumerated().map { number, layer in
            let values = report.overlap(pair, layer: layer, round: round).map(value)
            return .init(x: Double(number + 1), y: 100 * (MeanAndSpread(ofAny: values)?.mean ?? .nan))
          })
      }
      let pairs = report.pairs.enumerated().flatMap { number, pair -> [Series] in
        let name = pair.map(\.description).joined(separator: ", ")
        return [
          line(pair, number, name, \.share),
          line(pair, number + Palette.colors, "\(name), by chance", \.chance),
        ]
      }
      return LinePlot(
        title: "Masks at \(share.name) %", yTitle: "intersection over union, %", series: pairs,
        xTitle: "layer",
        places: ends, includesZero: true
      ).figure()
    }
    return ReportSection(
      title: "What masks have in common",
      text: """
        Weights that two masks share, of those that either keeps, layer by layer; dashed: what masks by chance that keep as \
        many weights of each layer would share.\(HTMLPage.legend(report.pairs.map { $0.map(\.description).joined(separator: ", ") }))
        """, figures: figures)
  }

  /// A line over the rounds; nil: there is no value.
  private func series(_ label: String, _ color: Int, _ values: (_ round: Int) -> [Double]) -> Series? {
    let known = report.rounds.map { (round: $0, values: values($0)) }.filter { !$0.values.isEmpty }
    guard !known.isEmpty else { return nil }
    return Series(
      label: label, color: color,
      points: known.map { .init(x: Double($0.round), y: MeanAndSpread($0.values).mean) }, style: .marked,
      spreads: known.map { $0.values.min()!...$0.values.max()! })
  }
}
