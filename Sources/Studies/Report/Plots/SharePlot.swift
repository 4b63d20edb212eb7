/// Shares of a whole over steps, on top of each other.
struct SharePlot {
  let title: String
  let yTitle: String
  /// From the bottom up; all have the same x. What is missing to 1 belongs to the last one.
  let series: [Series]

  /// nil: there is nothing to draw.
  var drawing: Drawing? {
    guard let xs = series.first?.points.map(\.x), xs.count > 1 else { return nil }
    let x = Axis(covering: xs, isTight: true, includesZero: true, most: 4)
    let y = Axis(covering: [0, 100])
    let axes = Axes(
      x, y, xTitle: "step", yTitle: yTitle,
      right: 12 + (series.map { Drawing.width(of: $0.label) }.max() ?? 0))
    var below = [Double](repeating: 0, count: xs.count)
    var centers: [Double] = []
    let areas = series.enumerated().map { number, series -> Markup in
      let above =
        number == self.series.count - 1
        ? [Double](repeating: 1, count: xs.count)
        : zip(below, series.points).map { min(1, $0 + ($1.y.isFinite ? max(0, $1.y) : 0)) }
      defer { below = above }
      centers.append(axes.frame.y(50 * (below[xs.count - 1] + above[xs.count - 1]), y))
      return area(series.color, xs, below, above, axes)
    }
    let places = Drawing.spread(centers, gap: 13, in: axes.frame.top...axes.frame.bottom)
    let names = zip(series, places).map { series, top in
      Drawing.text(series.label, axes.frame.right + 6, top + 4, style: "t name \(Palette.fill(series.color))")
    }
    return Drawing(
      width: Drawing.plotWidth, height: Drawing.plotHeight, title: title,
      body: "\(areas)\(axes.markup)\(names)")
  }

  /// Between two lines, each of which is the mean of stretches of steps.
  private func area(_ color: Int, _ xs: [Double], _ below: [Double], _ above: [Double], _ axes: Axes)
    -> Markup
  {
    let stretches = min(100, xs.count)
    let points = (0..<stretches).map { number -> (x: Double, below: Double, above: Double) in
      let range = number * xs.count / stretches..<(number + 1) * xs.count / stretches
      func mean(_ values: [Double]) -> Double { values[range].reduce(0, +) / Double(range.count) }
      let x = number == 0 ? xs[0] : number == stretches - 1 ? xs[xs.count - 1] : mean(xs)
      return (
        axes.frame.x(x, axes.x), axes.frame.y(100 * mean(below), axes.y),
        axes.frame.y(100 * mean(above), axes.y)
      )
    }
    let outline = points.map { ($0.x, $0.above) } + points.reversed().map { ($0.x, $0.below) }
    let path = Markup(outline.enumerated().map { $0 == 0 ? "M\($1.0) \($1.1)" : "L\($1.0) \($1.1)" })
    return "<path class=\"area \(Palette.fill(color))\" d=\"\(path)Z\"/>"
  }
}
