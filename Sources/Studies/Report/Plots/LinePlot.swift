/// Lines over steps, or over places with names.
struct LinePlot {
  /// A level that the lines are to be compared with.
  struct Level {
    let label: String
    let y: Double
  }

  let title: String
  /// What the vertical axis measures, with its unit.
  let yTitle: String
  let series: [Series]
  var xTitle = "step"
  /// What lines run over, ascending; nil: over steps.
  var places: [(value: Double, name: String)]?
  var levels: [Level] = []
  var includesZero = false
  /// Whether each line has its name at its end.
  var namesLines = false

  /// nil: there is nothing to draw.
  var drawing: Drawing? {
    let stretches = series.flatMap(\.stretches)
    guard stretches.contains(where: \.mean.isFinite) else { return nil }
    let x =
      places.map(Axis.init(places:))
      ?? Axis(covering: stretches.map(\.x), isTight: true, includesZero: true, most: 4)
    let y = Axis(
      covering: stretches.flatMap { [$0.low, $0.high] } + levels.map(\.y), includesZero: includesZero)
    let names = namesLines ? series.map(\.label) : []
    let axes = Axes(
      x, y, xTitle: xTitle, yTitle: yTitle,
      right: 12 + (names.map(Drawing.width(of:)).max() ?? 0))
    return Drawing(
      width: Drawing.plotWidth, height: Drawing.plotHeight, title: title,
      body: """
        \(axes.markup)\(levels.map { axes.line($0.y) })\
        \(series.map { $0.markup(in: axes.frame, axes.x, axes.y) })\
        \(levels.map { axes.label($0) })\(namesLines ? ends(axes) : [])
        """)
  }

  private func ends(_ axes: Axes) -> [Markup] {
    let last = series.compactMap { series in series.stretches.last { $0.mean.isFinite }.map { (series, $0) } }
    let places = Drawing.spread(
      last.map { axes.frame.y($1.mean, axes.y) }, gap: 13, in: axes.frame.top...axes.frame.bottom)
    return zip(last, places).map { end, top in
      Drawing.text(end.0.label, axes.frame.right + 6, top + 4, style: "t name \(Palette.fill(end.0.color))")
    }
  }
}

extension Axes {
  /// A dashed line across the plot.
  func line(_ y: Double) -> Markup {
    "<path class=\"level\" d=\"M\(frame.left) \(frame.y(y, self.y))H\(frame.right)\"/>"
  }

  /// What such a line means, above its left end.
  func label(_ level: LinePlot.Level) -> Markup {
    Drawing.text(level.label, frame.left + 4, frame.y(level.y, y) - 5)
  }
}
