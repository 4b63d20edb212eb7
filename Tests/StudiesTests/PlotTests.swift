import Foundation
import Testing

@testable import Studies

/// What plots are made of.
@Suite struct PlotTests {
  @Test(arguments: [
    ([0.0, 20_000], ["0", "5k", "10k", "15k", "20k"]), ([0, 1], ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ([4.2, 6.1], ["4.0", "4.5", "5.0", "5.5", "6.0", "6.5"]),
    ([-1, 0], ["−1.0", "−0.8", "−0.6", "−0.4", "−0.2", "0"]),
    ([0, 2e-5], ["0", "0.5e-5", "1.0e-5", "1.5e-5", "2.0e-5"]),
    ([3, 3], ["2.6", "2.8", "3.0", "3.2", "3.4"]),
    ([0, 0], ["−1.0", "−0.5", "0", "0.5", "1.0"]), ([0, 3e6], ["0", "1M", "2M", "3M"]),
  ])
  func ticksAreRoundNumbers(values: [Double], labels: [String]) {
    let axis = Axis(covering: values)
    #expect(axis.lower <= values.min()! && values.max()! <= axis.upper)
    #expect(axis.ticks.count == axis.labels.count && (2...8).contains(axis.ticks.count), "\(axis.labels)")
    #expect(axis.labels == labels)
  }

  @Test func whatIsNotFiniteDoesNotMoveAnAxis() {
    #expect(Axis(covering: [.nan, 1, .infinity, 2]) == Axis(covering: [1, 2]))
    let none = Axis(covering: [.nan])
    #expect(none.lower < none.upper && none.place(.zero, from: 0, to: 1).isFinite)
  }

  /// Values that a file may claim, and no run has.
  @Test(arguments: [
    [-1e308, 1e308], [0, .leastNonzeroMagnitude], [1e308, 1e308],
    [-.leastNonzeroMagnitude, .leastNonzeroMagnitude], [.greatestFiniteMagnitude, 0],
  ])
  func anAxisOfAnyValuesHasTicks(values: [Double]) {
    let axis = Axis(covering: values, includesZero: true)
    #expect(axis.lower < axis.upper && !axis.labels.isEmpty)
    let far: Markup = "\(axis.place(1e308, from: 0, to: 100)) \(Double.nan) \(-Double.infinity)"
    #expect(!far.text.isEmpty)
  }

  @Test func sharesOfAnySizeAreDrawn() {
    let map = HeatMap(
      title: "t", rows: ["a"], columns: ["a", "b"], values: [[1e300, -1e300]], rowTitle: "r", columnTitle: "c"
    )
    #expect(map.drawing != nil)
  }

  /// Shorter by far, but every spike is in a shade, and the ends are where they were.
  @Test func longLinesKeepTheirSpikes() {
    var points = (1...20_000).map { Series.Point(x: Double($0), y: 1) }
    points[12_345] = .init(x: 12_346, y: 50)
    points[500] = .init(x: 501, y: -3)
    let stretches = Series(label: "", color: 0, points: points).stretches
    #expect(stretches.count <= 130 && stretches.first?.x == 1 && stretches.last?.x == 20_000)
    #expect(stretches.map(\.high).max() == 50 && stretches.map(\.low).min() == -3)
    #expect(stretches.allSatisfy { $0.low <= $0.mean && $0.mean <= $0.high })
    let short = points.prefix(100).map(\.self)
    #expect(Series(label: "", color: 0, points: short).stretches.map(\.mean) == short.map(\.y))
  }

  @Test func aGapIsNotDrawnAcross() {
    let values = [1, 2, .nan, 3, .infinity, 4, 5]
    let series = Series(
      label: "", color: 0, points: values.enumerated().map { .init(x: Double($0), y: $1) })
    let axis = Axis(covering: values)
    let text = series.markup(
      in: Frame(left: 0, right: 100, top: 0, bottom: 100), Axis(covering: [0, 6]), axis
    ).text
    #expect(text.components(separatedBy: "<path").count - 1 == 3, "three pieces")
    #expect(text.components(separatedBy: "<circle").count - 1 == 1, "the piece of one point is a mark")
    #expect(!text.contains("nan") && !text.contains("inf"))
  }

  @Test(arguments: [[10.0, 10, 10], [0, 50, 51, 100], [100, 100, 3], [90, 95, 99]])
  func textsKeepTheirDistance(wanted: [Double]) {
    let places = Drawing.spread(wanted, gap: 13, in: 0...100).sorted()
    #expect(places.first! >= 0 && places.last! <= 100)
    #expect(zip(places, places.dropFirst()).allSatisfy { $1 - $0 >= 13 - 1e-9 })
  }

  @Test func textInMarkupIsHarmless() {
    let name = "<b>&\"'\u{0}\u{1F438}"
    let markup: Markup = "<i title=\"\(name)\">\(7)\(1.25)\(-0.25)\(["<br>" as Markup])</i>"
    #expect(markup.text == "<i title=\"&lt;b&gt;&amp;&quot;&#39;\u{FFFD}\u{1F438}\">71.3-0.3<br></i>")
  }
}
