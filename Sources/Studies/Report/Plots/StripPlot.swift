/// Shares, one strip for each block: strips have the same axes, from 0 to 100 %.
struct StripPlot {
  struct Strip {
    let label: String
    /// y in [0, 1].
    let series: [Series]
    /// Behind the strip; empty: nothing.
    var value = ""
  }

  let title: String
  var xTitle = "step"
  /// What stands behind the strips.
  var valueTitle = "last"
  let strips: [Strip]

  /// Of a strip and between two, in pixels: lower where there are many.
  private var height: Double { strips.count > 16 ? 15 : 26 }
  private var gap: Double { strips.count > 16 ? 5 : 10 }

  /// nil: there is nothing to draw.
  var drawing: Drawing? {
    let xs = strips.flatMap { $0.series.flatMap { $0.points.map(\.x) } }
    guard !xs.isEmpty else { return nil }
    let x = Axis(covering: xs, isTight: true, includesZero: true)
    let y = Axis(covering: [0, 1])
    let labelWidth = strips.map { Drawing.width(of: $0.label) }.max() ?? 0
    let bottom = 8 + Double(strips.count) * (height + gap)
    let whole = Frame(left: labelWidth + 12, right: Drawing.plotWidth - 52, top: 8, bottom: bottom - gap)
    let rows = strips.enumerated().map { number, strip -> Markup in
      var frame = whole
      frame.top = 8 + Double(number) * (height + gap)
      frame.bottom = frame.top + height
      let lines = strip.series.map { $0.markup(in: frame, x, y) }
      return """
        <rect class="strip" x="\(frame.left)" y="\(frame.top)" width="\(frame.right - frame.left)" \
        height="\(height)"/><path class="grid" d="M\(frame.left) \(frame.y(0.5, y))H\(frame.right)"/>\(lines)\
        \(Drawing.text(strip.label, labelWidth, (frame.top + frame.bottom) / 2 + 4, anchor: .end))\
        \(Drawing.text(strip.value, frame.right + 44, (frame.top + frame.bottom) / 2 + 4, anchor: .end, style: "t number"))
        """
    }
    let ticks = zip(x.ticks, x.labels).map { tick, label -> Markup in
      let left = whole.x(tick, x)
      return """
        <path class="tick" d="M\(left) \(whole.bottom)v4"/>\
        \(Drawing.text(label, left, whole.bottom + 16, anchor: .middle))
        """
    }
    return Drawing(
      width: Drawing.plotWidth, height: whole.bottom + 36, title: title,
      body: """
        \(rows)\(ticks)\(Drawing.text(xTitle, whole.right, whole.bottom + 31, anchor: .end, style: "t title"))\
        \(Drawing.text(valueTitle, whole.right + 44, whole.bottom + 16, anchor: .end, style: "t title"))
        """)
  }
}
