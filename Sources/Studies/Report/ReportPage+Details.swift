import Foundations

extension ReportPage {
  /// What the last evaluation and the settings of each run are.
  var details: [ReportSection] {
    guard isComparison else { return runs[0].sections }
    let parts = zip(runs, names).enumerated().map { number, run -> Markup in
      """
      <details class="run"><summary>\(HTMLPage.swatch(number))\(run.1)</summary>\(run.0.sections.map(\.markup))</details>
      """
    }
    return [
      ReportSection(
        title: "Each run", text: "Gates, classes, ranks, configuration, environment.", rest: Markup(parts))
    ]
  }
}

extension ReportRun {
  fileprivate var sections: [ReportSection] {
    [gateSection, confusionSection] + [rankSection].compactMap(\.self) + [settingsSection]
  }

  /// Which channels open for what.
  fileprivate var gateSection: ReportSection {
    let title = "Gates on test images"
    guard let final else {
      return ReportSection(
        title: title, text: "The run has no evaluation.json, which holds how often each channel was open.")
    }
    guard let gates = final.gates else {
      return ReportSection(
        title: title, text: "evaluation.json says nothing about gates: the network has none.")
    }
    let spread: Markup =
      gates.macsShare.map {
        """
         An image takes \(NumberText.percent($0.mean)) of the dense network’s MACs on average, nine in ten take between \
        \(NumberText.percent($0.p5)) and \(NumberText.percent($0.p95)).
        """
      } ?? ""
    return ReportSection(
      title: title, text: "\(grouped(gates.images)) images.\(spread)",
      figures: [
        gates.profiles, gates.usageByClass(final.classes), gates.costByClass(final.classes),
      ].compactMap(\.self),
      rest: "\(examples("Fewest channels", gates.fewest))\(examples("Most channels", gates.most))")
  }

  private func examples(_ title: String, _ examples: [FinalEvaluation.Gates.Example]) -> Markup {
    guard !examples.isEmpty else { return "" }
    let pictures = examples.map { example -> Markup in
      let picture: Markup =
        example.picture.map { "<img src=\"\($0)\" alt=\"\(example.name)\" title=\"\(example.name)\">" }
        ?? "<span class=\"missing\">\(example.name)</span>"
      return """
        <li>\(picture)<span class="class">\(example.className)</span>\
        <span class="share">\(NumberText.percent(example.macsShare))</span></li>
        """
    }
    return "<h3>\(title)</h3><ul class=\"pictures\">\(pictures)</ul>"
  }

  /// What a linear classifier takes for what.
  fileprivate var confusionSection: ReportSection {
    let title = "Confusion of the linear classifier"
    guard let final, let probe = final.probe, !probe.confusion.isEmpty else {
      return ReportSection(
        title: title,
        text: final == nil
          ? "The run has no evaluation.json, which holds the results of a linear classifier."
          : "evaluation.json has no result of a linear classifier.")
    }
    let top5: Markup = probe.top5.map { ", top-5 \(decimals($0, 1)) %" } ?? ""
    return ReportSection(
      title: title, text: "Top-1 \(decimals(probe.top1, 1)) %\(top5). Each row adds up to 100 %.",
      figures: [probe.confusionFigure(final.classes)].compactMap(\.self))
  }
}

extension FinalEvaluation.Probe {
  fileprivate func confusionFigure(_ classes: [String]) -> Figure? {
    let names = confusion.indices.map { $0 < classes.count ? classes[$0] : "class \($0)" }
    let images = confusion.map { $0.reduce(0, +) }
    let plot = HeatMap(
      title: "Answers by true class", rows: names, columns: names,
      values: zip(confusion, images).map { row, count in row.map { count > 0 ? $0 / count : .nan } },
      rowTitle: "true class", columnTitle: "answer")
    let mistakes = confusion.indices.flatMap { row in
      confusion.indices.filter { $0 != row && confusion[row][$0] > 0 }.map { (row: row, column: $0) }
    }.sorted { (confusion[$0.row][$0.column], $1.row) > (confusion[$1.row][$1.column], $0.row) }
    let rows = mistakes.prefix(DataTable.mostRows).map { mistake -> [Markup] in
      let count = confusion[mistake.row][mistake.column]
      return [
        "\(names[mistake.row])", "\(names[mistake.column])", "\(NumberText.short(count))",
        "\(decimals(100 * count / max(1, images[mistake.row]), 1))",
      ]
    }
    return plot.drawing.map {
      Figure(
        title: "Answers by true class", note: "The table has the most frequent mistakes.", drawing: $0,
        table: DataTable(
          columns: [
            .init(title: "True class", isNumber: false), .init(title: "Taken for", isNumber: false),
            .init(title: "Images"), .init(title: "% of the class"),
          ], rows: Array(rows)), isWide: plot.isWide)
    }
  }
}
