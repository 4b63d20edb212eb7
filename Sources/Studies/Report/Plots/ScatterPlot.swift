/// Runs as points.
struct ScatterPlot {
  struct Mark {
    let label: String
    let color: Int
    let x: Double
    let y: Double
    /// Drawn as a ring: another measure than the filled ones.
    var isHollow = false
  }

  let title: String
  let xTitle: String
  let yTitle: String
  let marks: [Mark]
  var levels: [LinePlot.Level] = []
  /// What the horizontal axis covers in any case.
  var xRange: [Double] = []
  var includesZero = false

  private static let (width, height) = (400.0, 280.0)

  /// nil: there is nothing to draw.
  var drawing: Drawing? {
    guard !marks.isEmpty else { return nil }
    let x = Axis(covering: marks.map(\.x) + xRange)
    let y = Axis(covering: marks.map(\.y) + levels.map(\.y), includesZero: includesZero)
    let axes = Axes(x, y, xTitle: xTitle, yTitle: yTitle, width: Self.width, height: Self.height, right: 16)
    let points = marks.map { mark -> Markup in
      """
      <circle class="\(mark.isHollow ? "hollow \(Palette.stroke(mark.color))" : Palette.fill(mark.color))" \
      cx="\(axes.frame.x(mark.x, x))" cy="\(axes.frame.y(mark.y, y))" r="4.5"/>
      """
    }
    return Drawing(
      width: Self.width, height: Self.height, title: title,
      body: """
        \(axes.markup)\(levels.map { axes.line($0.y) })\(levels.map { axes.label($0) })\(points)\(names(axes))
        """)
  }

  /// A rectangle that a mark or a name takes.
  private struct Box {
    let left, right, top, bottom: Double

    func overlaps(_ other: Box) -> Bool {
      left < other.right && other.left < right && top < other.bottom && other.top < bottom
    }
  }

  /// Each name above its mark, or where there is room near it.
  private func names(_ axes: Axes) -> [Markup] {
    let places = marks.map { (x: axes.frame.x($0.x, axes.x), y: axes.frame.y($0.y, axes.y)) }
    var taken = places.map { Box(left: $0.x - 5, right: $0.x + 5, top: $0.y - 5, bottom: $0.y + 5) }
    taken += levels.flatMap { level in
      let top = axes.frame.y(level.y, axes.y)
      let end = axes.frame.left + 4 + Drawing.width(of: level.label)
      return [
        Box(left: axes.frame.left, right: axes.frame.right, top: top - 1, bottom: top + 1),
        Box(left: axes.frame.left, right: end, top: top - 15, bottom: top),
      ]
    }
    return zip(marks, places).map { mark, place in
      let width = 1.15 * Drawing.width(of: mark.label)  // bold
      let center = min(max(place.x, axes.frame.left + width / 2), axes.frame.right + 12 - width / 2)
      let candidates = [-9.0, 18, -22, 31, -35, 44].map { place.y + $0 }
        .filter { axes.frame.top - 4 < $0 && $0 < axes.frame.bottom }
      func box(_ baseline: Double) -> Box {
        Box(left: center - width / 2, right: center + width / 2, top: baseline - 9, bottom: baseline + 3)
      }
      let baseline =
        candidates.first { candidate in !taken.contains { $0.overlaps(box(candidate)) } } ?? place.y - 9
      taken.append(box(baseline))
      return Drawing.text(
        mark.label, center, baseline, anchor: .middle, style: "t name \(Palette.fill(mark.color))")
    }
  }
}
