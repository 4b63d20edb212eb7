import Foundations

extension FinalEvaluation.Gates {
  /// How often the channels of each gate are open, the most frequent first.
  var profiles: Figure? {
    guard images > 0 else { return nil }
    let strips = blocks.map { block -> StripPlot.Strip in
      let shares = block.open.map { $0 / Double(images) }.sorted(by: >)
      let points = shares.enumerated().map { number, share in
        Series.Point(x: 100 * (Double(number) + 0.5) / Double(shares.count), y: share)
      }
      return .init(
        label: block.label, series: [Series(label: block.label, color: 0, points: points)],
        value: NumberText.percent(block.density))
    }
    let plot = StripPlot(
      title: "Channels by how often they are open",
      xTitle: "channels of the gate, most often open first, %", valueTitle: "mean",
      strips: strips.filter { !$0.series[0].points.isEmpty })
    let columns = ["Block"] + ["Channels", "Open %", "MACs %", "Never", "Sometimes", "Always"]
    let rows = blocks.map { block -> [Markup] in
      [
        "\(block.label)", "\(block.channels)", "\(decimals(100 * block.density, 1))",
        block.macsShare.isFinite ? "\(decimals(100 * block.macsShare, 1))" : "–", "\(block.never)",
        "\(block.sometimes)", "\(block.always)",
      ]
    }
    return plot.drawing.map {
      Figure(
        title: plot.title, note: "A strip for each gate, from 0 to 100 % of the images; behind it the mean.",
        drawing: $0,
        table: DataTable(
          columns: columns.enumerated().map { .init(title: $1, isNumber: $0 > 0) }, rows: rows))
    }
  }

  /// The share of open channels of each gate, class by class.
  func usageByClass(_ classes: [String]) -> Figure? {
    let counted = blocks.filter { $0.openByClass.count == classImages.count }
    guard !classImages.isEmpty, !counted.isEmpty else { return nil }
    let values = classImages.indices.map { number in
      counted.map { block in
        block.openByClass[number].reduce(0, +) / (classImages[number] * Double(max(1, block.channels)))
      }
    }
    let finite = values.flatMap(\.self).filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return nil }
    let names = Self.names(classes, classImages.count)
    let plot = HeatMap(
      title: "Open channels by class", rows: names, columns: counted.map(\.label), values: values,
      rowTitle: "class", columnTitle: "gate", range: low...max(high, low + 1e-6))
    let rows = zip(names, values).map { name, values -> [Markup] in
      ["\(name)"] + values.map { $0.isFinite ? "\(decimals(100 * $0, 1))" : "–" }
    }
    return plot.drawing.map {
      Figure(
        title: plot.title, note: "Shades go from \(NumberText.percent(low)) to \(NumberText.percent(high)).",
        drawing: $0,
        table: DataTable(
          columns: [.init(title: "Class", isNumber: false)] + counted.map { .init(title: "\($0.label) %") },
          rows: rows), isWide: plot.isWide)
    }
  }

  /// What an image costs, class by class: of many classes the cheapest and the dearest.
  func costByClass(_ classes: [String]) -> Figure? {
    let names = Self.names(classes, classMACsShare.count)
    let all = zip(names, classMACsShare).map { (label: $0, share: $1) }
      .filter(\.share.isFinite).sorted { $0.share > $1.share }
    let isLong = all.count > 24
    let plot = DotPlot(
      title: "MACs by class", xTitle: "% of the dense network’s",
      rows: isLong ? Array(all.prefix(10) + all.suffix(10)) : all,
      level: macsShare?.mean)
    return plot.drawing.map {
      Figure(
        title: plot.title,
        note: (isLong ? "The 10 dearest and the 10 cheapest classes. " : "")
          + (plot.level == nil ? "" : "Dashed: the mean image."), drawing: $0,
        table: DataTable(
          columns: [.init(title: "Class", isNumber: false), .init(title: "MACs %")],
          rows: all.map { ["\($0.label)", "\(decimals(100 * $0.share, 1))"] }))
    }
  }

  private static func names(_ classes: [String], _ count: Int) -> [String] {
    (0..<count).map { $0 < classes.count ? classes[$0] : "class \($0)" }
  }
}

extension FinalEvaluation.Gates.Block {
  /// The block's name, where it has one gate.
  fileprivate var label: String { gate.hasSuffix(".gate") ? name : gate }
}
