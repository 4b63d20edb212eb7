/// A drawing with its size in pixels: on a page it is as wide as there is room, at most this wide.
struct Drawing {
  /// Of a plot of which several stand beside each other.
  static let (plotWidth, plotHeight) = (352.0, 220.0)
  /// Of the digits and letters in a drawing, on average, in pixels.
  static let characterWidth = 6.3

  let width: Double
  let height: Double
  /// What it shows, for those who cannot see it.
  let title: String
  let body: Markup

  var markup: Markup {
    """
    <svg viewBox="0 0 \(width) \(height)" style="max-width:\(Int(width * 1.1))px" role="img" aria-label="\(title)">\(body)</svg>
    """
  }

  /// The width of a text.
  static func width(of text: String) -> Double { Double(text.count) * characterWidth }

  static func text(_ text: String, _ x: Double, _ y: Double, anchor: Anchor = .start, style: String = "t")
    -> Markup
  {
    "<text x=\"\(x)\" y=\"\(y)\" class=\"\(style)\"\(anchor.markup)>\(text)</text>"
  }

  enum Anchor {
    case start, middle, end

    fileprivate var markup: Markup {
      switch self {
      case .start: ""
      case .middle: " text-anchor=\"middle\""
      case .end: " text-anchor=\"end\""
      }
    }
  }

  /// Places near those that are wanted, at least `gap` apart and inside `range`, for texts that must not overlap.
  static func spread(_ wanted: [Double], gap: Double, in range: ClosedRange<Double>) -> [Double] {
    let order = wanted.indices.sorted { wanted[$0] < wanted[$1] }
    var places = wanted
    var next = range.lowerBound
    for index in order {
      places[index] = max(wanted[index], next)
      next = places[index] + gap
    }
    var last = range.upperBound
    for index in order.reversed() {
      places[index] = min(places[index], last)
      last = places[index] - gap
    }
    return places
  }
}

/// Axes of a plot with grid, ticks and what they measure.
struct Axes {
  let x: Axis
  let y: Axis
  let xTitle: String
  let yTitle: String
  let frame: Frame

  /// - Parameters:
  ///   - right: Room behind the frame, in pixels.
  init(
    _ x: Axis, _ y: Axis, xTitle: String, yTitle: String, width: Double = Drawing.plotWidth,
    height: Double = Drawing.plotHeight, right: Double = 8
  ) {
    (self.x, self.y, self.xTitle, self.yTitle) = (x, y, xTitle, yTitle)
    let widest = y.labels.map(Drawing.width(of:)).max() ?? 0
    frame = Frame(left: widest + 8, right: width - right, top: 20, bottom: height - 34)
  }

  var markup: Markup {
    let rows = zip(y.ticks, y.labels).map { tick, label -> Markup in
      let top = frame.y(tick, y)
      return """
        <path class="\(tick == 0 ? "zero" : "grid")" d="M\(frame.left) \(top)H\(frame.right)"/>\
        \(Drawing.text(label, frame.left - 6, top + 4, anchor: .end))
        """
    }
    let columns = zip(x.ticks, x.labels).map { tick, label -> Markup in
      let left = frame.x(tick, x)
      return """
        <path class="tick" d="M\(left) \(frame.bottom)v4"/>\
        \(Drawing.text(label, left, frame.bottom + 16, anchor: .middle))
        """
    }
    return """
      \(rows)<path class="axis" d="M\(frame.left) \(frame.bottom)H\(frame.right)"/>\(columns)\
      \(Drawing.text(yTitle, 0, 10, style: "t title"))\
      \(Drawing.text(xTitle, frame.right, frame.bottom + 31, anchor: .end, style: "t title"))
      """
  }
}
