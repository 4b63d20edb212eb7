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
    // What random masks share with others is what the lines by chance show.
    let pairs = report.pairs.filter { !$0.contains(.random) }
    guard !pairs.isEmpty else { return nil }
    let names = pairs.map { $0.map(\.description).joined(separator: ", ") }
    return ReportSection(
      title: "What masks have in common",
      text: """
        Weights that two masks share, of those that either keeps, layer by layer from input to output. Dashed: what masks by \
        chance would share that keep as many weights of each layer. Trainings with one seed begin with the same weights, and \
        large ones tend to stay large.\(HTMLPage.legend(names))
        """,
      figures: report.rounds.filter { $0 > 0 }.compactMap { overlap(of: pairs, names, round: $0) })
  }

  private func overlap(of pairs: [[MaskSource]], _ names: [String], round: Int) -> Figure? {
    let layers = report.layers
    func line(_ label: String, _ color: Int, _ pairs: [[MaskSource]], _ value: (MaskOverlap) -> Double)
      -> Series
    {
      let points = layers.enumerated().map { number, layer in
        let values = pairs.flatMap { report.overlap($0, layer: layer, round: round) }.map(value)
        return Series.Point(x: Double(number + 1), y: 100 * (MeanAndSpread(ofAny: values)?.mean ?? .nan))
      }
      return Series(label: label, color: color, points: points)
    }
    let lines =
      zip(pairs, names).enumerated().map { line($1.1, $0, [$1.0], \.share) }
      + [line("by chance", Palette.dashed, pairs, \.chance)]
    let plot = LinePlot(
      title: "Masks that keep \(shares.first { Int($0.value) == round }?.name ?? "–") %",
      yTitle: "intersection over union, %", series: lines, xTitle: "layer",
      places: layers.count > 1 ? [(1, "1"), (Double(layers.count), "\(layers.count)")] : nil,
      includesZero: true)
    return plot.drawing.map { drawing in
      Figure(
        title: plot.title, drawing: drawing,
        table: DataTable(
          lines, xTitle: "layer",
          names: Dictionary(uniqueKeysWithValues: layers.enumerated().map { (Double($0 + 1), $1) })))
    }
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
