/// A table of shares as shades, from the paper's for the lower end of a range to the darkest for its upper end.
struct HeatMap {
  let title: String
  let rows: [String]
  let columns: [String]
  /// By row and column, in [0, 1]; not finite: nothing was counted.
  let values: [[Double]]
  let rowTitle: String
  let columnTitle: String
  /// What shades stand for.
  var range = 0.0...1.0
  /// Whether columns have their names, turned upwards.
  var namesColumns = true

  private static let longestName = 18

  /// Whether it takes more than one plot's room.
  var isWide: Bool { columns.count > 10 }

  private var width: Double { isWide ? 540 : Drawing.plotWidth }

  var drawing: Drawing? {
    guard !rows.isEmpty, !columns.isEmpty else { return nil }
    let names = rows.map { Self.short($0) }
    let namesRows = rows.count <= 40
    let left = namesRows ? 8 + (names.map(Drawing.width(of:)).max() ?? 0) : 16
    let labelsColumns = namesColumns && columns.count <= 40
    let top = 22 + (labelsColumns ? 8 + (columns.map { Drawing.width(of: Self.short($0)) }.max() ?? 0) : 0)
    let cell = min(34, max(4, (width - left - 4) / Double(columns.count)))
    let height = rows.count > 40 ? min(cell, 6) : 22
    let hasNumbers = cell >= 20 && rows.count <= 40
    let shades = values.enumerated().flatMap { row, values in
      values.enumerated().map { column, value -> Markup in
        let (x, y) = (left + Double(column) * cell, top + Double(row) * height)
        return
          "\(shade(value, x, y, cell, height))\(hasNumbers ? number(value, x + cell / 2, y + height / 2) : "")"
      }
    }
    let rowLabels =
      !namesRows
      ? []
      : names.enumerated().map { row, name in
        Drawing.text(name, left - 6, top + (Double(row) + 0.5) * height + 4, anchor: .end)
      }
    let columnLabels =
      !labelsColumns
      ? []
      : columns.enumerated().map { column, name -> Markup in
        let x = left + (Double(column) + 0.5) * cell + 4
        return
          "<text class=\"t\" transform=\"translate(\(x) \(top - 5)) rotate(-90)\">\(Self.short(name))</text>"
      }
    let right = left + cell * Double(columns.count)
    return Drawing(
      width: max(right + 4, left + Drawing.width(of: "\(rowTitle) × \(columnTitle)")),
      height: top + height * Double(rows.count) + 4, title: title,
      body: """
        \(Drawing.text("rows: \(rowTitle); columns: \(columnTitle)\(hasNumbers ? "; in %" : "")", 0, 10, style: "t title"))\
        <rect class="strip" x="\(left)" y="\(top)" width="\(right - left)" height="\(height * Double(rows.count))"/>\
        \(shades)\(rowLabels)\(columnLabels)
        """)
  }

  private func shade(_ value: Double, _ x: Double, _ y: Double, _ width: Double, _ height: Double) -> Markup {
    let share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    // What is nearly white is left out: confusions are mostly zeros.
    guard share.isFinite, share >= 0.005 else { return "" }
    let percent = Int((100 * min(1, share)).rounded())
    let opacity: Markup = percent >= 100 ? "1" : percent < 10 ? ".0\(percent)" : ".\(percent)"
    return
      "<rect class=\"f0\" x=\"\(x)\" y=\"\(y)\" width=\"\(width)\" height=\"\(height)\" fill-opacity=\"\(opacity)\"/>"
  }

  /// A share as whole percent, in a shade.
  private func number(_ value: Double, _ x: Double, _ y: Double) -> Markup {
    guard (0.005...99).contains(value) else { return "" }
    let isOnDark = (value - range.lowerBound) / (range.upperBound - range.lowerBound) > 0.55
    return Drawing.text(
      "\(Int((100 * value).rounded()))", x, y + 4, anchor: .middle, style: isOnDark ? "cell dark" : "cell")
  }

  private static func short(_ name: String) -> String {
    name.count <= longestName ? name : name.prefix(longestName - 1) + "…"
  }
}
