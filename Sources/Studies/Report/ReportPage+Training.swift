import Foundations
import Metrics

extension ReportPage {
  /// What training went through, step by step.
  var training: ReportSection? {
    guard runs.contains(where: { !$0.training.isEmpty || !$0.evaluations.isEmpty }) else {
      return ReportSection(title: "Training", text: "No step has been recorded.")
    }
    return ReportSection(
      title: "Training",
      text: "Lines are means of stretches of steps, shades go from the lowest to the highest value.\(legend)",
      figures: [
        accuracyOverTime, curve("Loss", "objective + budget + bound", \.loss),
        curve("Objective", "loss", \.objective),
        gated("Budget loss", "λ·(R − target)² of both views", \.budget),
        gated("Bound loss", "loss", \.bound), macs,
        curve("Learning rate", "rate", includesZero: true, \.learningRate),
        curve("Embedding spread", "1: all directions, 0: collapsed", includesZero: true) {
          $0.embeddingStd ?? .nan
        },
        curve("Effective rank", "directions", includesZero: true) { $0.effectiveRank ?? .nan },
        curve("Throughput", "images/s", includesZero: true, \.imagesPerSecond),
      ].compactMap(\.self) + timeShares)
  }

  private func curve(
    _ title: String, _ yTitle: String, includesZero: Bool = false, _ value: (TrainingMetrics) -> Double
  ) -> Figure? {
    LinePlot(
      title: title, yTitle: yTitle,
      series: series { run in run.training.map { .init(x: Double($0.step), y: value($0)) } },
      includesZero: includesZero
    ).figure()
  }

  /// Of the runs that have gates.
  private func gated(
    _ title: String, _ yTitle: String, _ value: (TrainingMetrics) -> Double
  ) -> Figure? {
    LinePlot(
      title: title, yTitle: yTitle,
      series: series { run in
        run.isGated ? run.training.map { .init(x: Double($0.step), y: value($0)) } : []
      }
    ).figure()
  }

  private var accuracyOverTime: Figure? {
    func points(_ run: ReportRun, _ value: (RecordedEvaluation) -> Double?) -> [Series.Point] {
      run.evaluations.compactMap { evaluation in
        value(evaluation).map { .init(x: Double(evaluation.step), y: $0) }
      }
    }
    func marked(_ series: Series, label: String? = nil, color: Int? = nil) -> Series {
      Series(
        label: label ?? series.label, color: color ?? series.color, points: series.points, style: .marked)
    }
    var lines = series { points($0, \.top1) }.map { marked($0) }
    if !isComparison {
      let nearest = series { points($0, \.nearestTop1) }.map { marked($0, label: "k = 1", color: 1) }
      let probe = series { points($0, \.probeTop1) }.map { marked($0, label: "probe", color: 2) }
      let own = series { points($0, \.classifierTop1) }.map { marked($0, label: "classifier", color: 3) }
      let votes = runs[0].lastEvaluation?.result["k"]?.int
      lines = lines.map { marked($0, label: votes.map { "k = \($0)" } ?? "k-NN", color: 0) } + nearest
      lines += probe + own
    }
    return LinePlot(
      title: isComparison ? "k-NN accuracy" : "Accuracy", yTitle: "top-1, %", series: lines,
      namesLines: !isComparison
    ).figure()
  }

  private var macs: Figure? {
    let targets = Set(runs.compactMap(\.target))
    guard runs.contains(where: \.isGated) else { return nil }
    return LinePlot(
      title: "MACs in training", yTitle: "% of the dense network’s",
      series: series { run in run.training.map { .init(x: Double($0.step), y: 100 * $0.macsShare) } },
      levels: targets.sorted().map { .init(label: "target \(decimals(100 * $0, 0)) %", y: 100 * $0) }
    ).figure()
  }

  /// Of one run what its time is made of, of several what they waited for.
  private var timeShares: [Figure] {
    guard !isComparison else {
      return [
        curve("Waiting for images", "% of the time", includesZero: true) { 100 * $0.dataWaitShare },
        curve("Waiting for gradients", "% of the time", includesZero: true) { 100 * $0.communicationShare },
      ].compactMap(\.self)
    }
    func line(_ label: String, _ color: Int, _ value: (TrainingMetrics) -> Double) -> Series {
      Series(
        label: label, color: color,
        points: runs[0].training.map { .init(x: Double($0.step), y: value($0)) })
    }
    let parts = [
      line("data", 4, \.dataWaitShare), line("gradients", 1, \.communicationShare),
      line("compute", 0) { max(0, 1 - $0.dataWaitShare - $0.communicationShare) },
    ]
    let plot = SharePlot(title: "Where the time goes", yTitle: "% of the time", series: parts)
    return plot.drawing.map { drawing in
      [
        Figure(
          title: plot.title,
          note: "Data: waiting for images; gradients: waiting for their sums over ranks; compute: the rest.",
          drawing: drawing, table: DataTable(parts))
      ]
    } ?? []
  }
}
