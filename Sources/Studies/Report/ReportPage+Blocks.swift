extension ReportPage {
  /// What each block lets through and costs, over time; nil without gates.
  var blocks: ReportSection? {
    let figures = [densities, macsByBlock].compactMap(\.self)
    guard !figures.isEmpty else { return nil }
    return ReportSection(
      title: "Blocks",
      text: "Each strip goes from 0 to 100 %, with a line at 50 %; the first block is on top.\(legend)",
      figures: figures)
  }

  private var densities: Figure? {
    strips(title: "Open channels in training", note: "% of the channels that a gate switches.") { run in
      run.gateLabels.enumerated().map { number, label in
        (
          label,
          run.training.filter { number < $0.density.count }.map {
            .init(x: Double($0.step), y: $0.density[number])
          }
        )
      }
    }
  }

  private var macsByBlock: Figure? {
    strips(title: "MACs of the test images", note: "% of the block’s dense convolutions, gates included.") {
      run in
      let blocks = run.lastEvaluation?.result["blocks"]?.elements ?? []
      return blocks.indices.map { number in
        (
          blocks[number]["name"]?.string ?? "block \(number + 1)",
          run.evaluations.compactMap { evaluation in
            guard let blocks = evaluation.result["blocks"]?.elements, number < blocks.count,
              let share = blocks[number]["macs_share"]?.double
            else { return nil }
            return .init(x: Double(evaluation.step), y: share)
          }
        )
      }
    }
  }

  /// Strips of the same name of all runs lie on each other.
  private func strips(
    title: String, note: String, _ lines: (ReportRun) -> [(label: String, points: [Series.Point])]
  ) -> Figure? {
    var labels: [String] = []
    var series: [String: [Series]] = [:]
    for (number, run) in runs.enumerated() {
      for line in lines(run) where !line.points.isEmpty {
        if series[line.label] == nil { labels.append(line.label) }
        series[line.label, default: []].append(
          Series(label: names[number], color: number, points: line.points))
      }
    }
    let plot = StripPlot(
      title: title, valueTitle: isComparison ? "" : "last",
      strips: labels.map { label in
        let lines = series[label] ?? []
        let last = isComparison ? nil : lines.first?.points.last?.y
        return .init(
          label: label, series: lines, value: last.map { $0.isFinite ? NumberText.percent($0) : "–" } ?? "")
      })
    let columns = labels.flatMap { label in
      (series[label] ?? []).map { line in
        Series(label: isComparison ? "\(label), \(line.label)" : label, color: 0, points: line.points)
      }
    }
    return plot.drawing.map {
      Figure(title: title, note: note, drawing: $0, table: DataTable(columns))
    }
  }
}
