import Foundations

extension ReportPage {
  /// What accuracy and time cost, run by run; nil for one run.
  var comparison: ReportSection? {
    guard isComparison else { return nil }
    return ReportSection(
      title: "Accuracy and cost",
      text: """
        Filled: k-NN; rings: a linear classifier. MACs are those of the test images; a dashed line is the mean of the \
        runs without gates.
        """,
      figures: [accuracy, seconds].compactMap(\.self))
  }

  private func marks(_ value: (ReportRun) -> Double?, isHollow: Bool = false) -> [ScatterPlot.Mark] {
    runs.enumerated().compactMap { number, run in
      guard let x = run.macsShare, let y = value(run) else { return nil }
      return ScatterPlot.Mark(label: names[number], color: number, x: 100 * x, y: y, isHollow: isHollow)
    }
  }

  private func denseMean(_ value: (ReportRun) -> Double?) -> Double? {
    let values = runs.filter { !$0.isGated }.compactMap(value)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  private var accuracy: Figure? {
    let levels = [("dense, k-NN", denseMean(\.knn)), ("dense, linear", denseMean(\.linear))].compactMap {
      label, mean in mean.map { LinePlot.Level(label: "\(label) \(decimals($0, 1)) %", y: $0) }
    }
    let plot = ScatterPlot(
      title: "Accuracy against MACs", xTitle: "MACs, % of the dense network’s", yTitle: "top-1, %",
      marks: marks(\.knn) + marks(\.linear, isHollow: true), levels: levels, xRange: [0, 100])
    return figure(
      plot, [("MACs %", { $0.macsShare.map { 100 * $0 } }), ("k-NN %", \.knn), ("Linear %", \.linear)])
  }

  private var seconds: Figure? {
    let times = runs.compactMap(\.trainingSeconds)
    let (unit, length) =
      switch times.max() ?? 0 {
      case ..<100: ("s", 1.0)
      case ..<6000: ("min", 60)
      default: ("h", 3600)
      }
    let plot = ScatterPlot(
      title: "Training time beside MACs", xTitle: "MACs, % of the dense network’s",
      yTitle: "training, \(unit)",
      marks: marks { $0.trainingSeconds.map { $0 / length } }, xRange: [0, 100], includesZero: true)
    return figure(plot, [("MACs %", { $0.macsShare.map { 100 * $0 } }), ("Training, s", \.trainingSeconds)])
  }

  private func figure(_ plot: ScatterPlot, _ columns: [(String, (ReportRun) -> Double?)]) -> Figure? {
    plot.drawing.map { drawing in
      Figure(
        title: plot.title, drawing: drawing,
        table: DataTable(
          columns: [.init(title: "Run", isNumber: false)] + columns.map { .init(title: $0.0) },
          rows: zip(runs, names).map { run, name in
            ["\(name)"] + columns.map { $0.1(run).map { "\(NumberText.short($0))" } ?? "–" }
          }), isWide: true)
    }
  }
}
