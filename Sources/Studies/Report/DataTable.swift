import Foundations

/// A table on a page: texts to the left, numbers to the right.
struct DataTable {
  struct Column {
    let title: String
    var isNumber = true
  }

  let columns: [Column]
  /// By row and column.
  let rows: [[Markup]]

  /// The most rows of a table behind a plot.
  static let mostRows = 60

  var markup: Markup {
    let head = columns.map { column -> Markup in
      column.isNumber ? "<th class=\"n\">\(column.title)</th>" : "<th>\(column.title)</th>"
    }
    let body = rows.map { row -> Markup in
      let cells = zip(columns, row).map { column, cell -> Markup in
        column.isNumber ? "<td class=\"n\">\(cell)</td>" : "<td>\(cell)</td>"
      }
      return "<tr>\(cells)</tr>"
    }
    return "<div class=\"scroll\"><table><thead><tr>\(head)</tr></thead><tbody>\(body)</tbody></table></div>"
  }

  /// The numbers behind lines, at 60 of their steps at most.
  ///
  /// - Parameter names: Of places that have some.
  init(_ series: [Series], xTitle: String = "step", names: [Double: String] = [:]) {
    let chosen = series.map { series in
      Dictionary(Self.spaced(series.points).map { ($0.x, $0.y) }, uniquingKeysWith: { $1 })
    }
    columns = [Column(title: xTitle)] + series.map { Column(title: $0.label) }
    rows = Set(chosen.flatMap(\.keys)).sorted().map { x in
      ["\(names[x] ?? NumberText.short(x))"]
        + chosen.map { values in values[x].map { "\(NumberText.short($0))" } ?? "" }
    }
  }

  init(columns: [Column], rows: [[Markup]]) {
    self.columns = columns
    self.rows = rows
  }

  /// Evenly chosen, the first and the last among them.
  private static func spaced(_ points: [Series.Point]) -> [Series.Point] {
    guard points.count > mostRows else { return points }
    return (0..<mostRows).map { points[$0 * (points.count - 1) / (mostRows - 1)] }
  }
}
