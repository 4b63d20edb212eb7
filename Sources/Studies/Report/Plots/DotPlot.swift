/// Shares as dots, one below the other, with the distance of each from a level.
struct DotPlot {
  let title: String
  let xTitle: String
  let rows: [(label: String, share: Double)]
  /// What the shares are compared with: their mean, for example.
  let level: Double?

  private static let (height, longestName) = (18.0, 20)

  /// nil: there is nothing to draw.
  var drawing: Drawing? {
    guard rows.contains(where: \.share.isFinite) else { return nil }
    let names = rows.map { row in
      row.label.count <= Self.longestName ? row.label : row.label.prefix(Self.longestName - 1) + "…"
    }
    let left = 12 + (names.map(Drawing.width(of:)).max() ?? 0)
    let x = Axis(covering: rows.map { 100 * $0.share } + (level.map { [100 * $0] } ?? []))
    let frame = Frame(
      left: left, right: Drawing.plotWidth - 56, top: 6, bottom: 6 + Self.height * Double(rows.count))
    let lines = zip(rows, names).enumerated().map { number, row -> Markup in
      let y = frame.top + (Double(number) + 0.5) * Self.height
      let place = frame.x(100 * row.0.share, x)
      let stem: Markup =
        level.map { "<path class=\"stem\" d=\"M\(frame.x(100 * $0, x)) \(y)H\(place)\"/>" } ?? ""
      return """
        \(Drawing.text(row.1, left - 10, y + 4, anchor: .end))<path class="grid" d="M\(left) \(y)H\(frame.right)"/>\
        \(stem)<circle class="f0" cx="\(place)" cy="\(y)" r="3.5"/>\
        \(Drawing.text(NumberText.percent(row.0.share), Drawing.plotWidth - 4, y + 4, anchor: .end, style: "t number"))
        """
    }
    let mean: Markup =
      level.map { "<path class=\"level\" d=\"M\(frame.x(100 * $0, x)) \(frame.top)V\(frame.bottom)\"/>" }
      ?? ""
    let ticks = zip(x.ticks, x.labels).map { tick, label -> Markup in
      """
      <path class="tick" d="M\(frame.x(tick, x)) \(frame.bottom)v4"/>\
      \(Drawing.text(label, frame.x(tick, x), frame.bottom + 16, anchor: .middle))
      """
    }
    return Drawing(
      width: Drawing.plotWidth, height: frame.bottom + 36, title: title,
      body: """
        \(mean)\(lines)\(ticks)\(Drawing.text(xTitle, frame.right, frame.bottom + 31, anchor: .end, style: "t title"))
        """)
  }
}
