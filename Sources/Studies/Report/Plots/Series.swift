/// What one line of a plot shows.
struct Series: Sendable {
  struct Point: Equatable, Sendable {
    let x: Double
    /// Not finite: there is a gap in the line.
    let y: Double
  }

  /// Some points after each other, as a line shows them: their mean, in a shade from the lowest to the highest.
  struct Stretch: Equatable, Sendable {
    let x: Double
    let low: Double
    let mean: Double
    let high: Double
  }

  enum Style: Sendable {
    case line
    /// A line with a mark at each point, for few points.
    case marked
  }

  let label: String
  /// Of the palette.
  let color: Int
  let points: [Point]
  var style = Style.line
  /// How far values spread at each point, where there are few points.
  var spreads: [ClosedRange<Double>]?

  /// As many stretches as a line has at most: with their shade they are 400 places.
  private static let mostStretches = 130

  /// The points themselves where they are few.
  var stretches: [Stretch] {
    guard points.count > 2 * Self.mostStretches else {
      return points.enumerated().map { index, point in
        let spread = spreads?[index]
        return Stretch(
          x: point.x, low: spread?.lowerBound ?? point.y, mean: point.y,
          high: spread?.upperBound ?? point.y)
      }
    }
    return (0..<Self.mostStretches).map { number in
      let part = points[
        number * points.count / Self.mostStretches..<(number + 1) * points.count / Self.mostStretches]
      let values = part.map(\.y).filter(\.isFinite)
      // Lines begin and end where their points do.
      let x =
        number == 0
        ? points[0].x
        : number == Self.mostStretches - 1
          ? points[points.count - 1].x : part.reduce(0) { $0 + $1.x } / Double(part.count)
      return Stretch(
        x: x, low: values.min() ?? .nan, mean: values.reduce(0, +) / Double(values.count),
        high: values.max() ?? .nan)
    }
  }

  /// The line, its shade and its marks between the edges of `frame`.
  func markup(in frame: Frame, _ x: Axis, _ y: Axis) -> Markup {
    // What is next to a gap belongs to other pieces of the line.
    let pieces = stretches.split { !$0.mean.isFinite }
    let lines = pieces.map { piece -> Markup in
      func path(_ value: (Stretch) -> Double, _ stretches: some Sequence<Stretch>) -> Markup {
        Markup(stretches.map { "L\(frame.x($0.x, x)) \(frame.y(value($0), y))" })
      }
      let start: Markup = "M\(frame.x(piece.first!.x, x)) \(frame.y(piece.first!.mean, y))"
      let hasShade = piece.contains { $0.low < $0.high }
      let shade: Markup =
        hasShade
        ? "<path class=\"shade \(Palette.fill(color))\" d=\"\(start)\(path(\.high, piece))\(path(\.low, piece.reversed()))Z\"/>"
        : ""
      return
        "\(shade)<path class=\"line \(Palette.stroke(color))\" d=\"\(start)\(path(\.mean, piece.dropFirst()))\"/>"
    }
    let marks = (style == .marked ? stretches : pieces.filter { $0.count == 1 }.flatMap(\.self))
      .filter(\.mean.isFinite).map { mark -> Markup in
        """
        <circle class="\(Palette.fill(color))" cx="\(frame.x(mark.x, x))" cy="\(frame.y(mark.mean, y))" r="2.5"/>
        """
      }
    return "\(lines)\(marks)"
  }
}

/// The part of a drawing inside its axes, in pixels.
struct Frame {
  var left: Double
  var right: Double
  var top: Double
  var bottom: Double

  func x(_ value: Double, _ axis: Axis) -> Double { axis.place(value, from: left, to: right) }
  func y(_ value: Double, _ axis: Axis) -> Double { axis.place(value, from: bottom, to: top) }
}
