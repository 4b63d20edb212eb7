import Foundation

/// One direction of a plot: what it covers, and where its ticks are, at 1, 2 or 5 times a power of ten.
struct Axis: Equatable {
  let lower: Double
  let upper: Double
  let ticks: [Double]
  private let step: Double
  /// Of the ticks, where they are no multiples of a step.
  private var names: [String]?

  /// - Parameters:
  ///   - values: What is shown; those that are not finite are left out.
  ///   - isTight: Whether the axis ends where the values do, not at the next tick.
  ///   - includesZero: Whether 0 is shown in any case.
  ///   - most: As many ticks at most, with one to spare.
  init(covering values: [Double], isTight: Bool = false, includesZero: Bool = false, most: Int = 5) {
    // What is beyond has no differences, and no tenths, in a Double.
    let finite =
      values.filter { $0.isFinite && abs($0) < 1e300 }.map { abs($0) < 1e-300 ? 0 : $0 }
      + (includesZero ? [0] : [])
    var (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
    if high - low <= 1e-12 * max(abs(high), abs(low)) {
      let margin = high == 0 ? 1 : abs(high) * 0.1
      (low, high) = (includesZero && low >= 0 ? 0 : low - margin, high + margin)
    }
    let step = Self.niceStep((high - low) / Double(most))
    let slack = 1e-9 * step
    lower = isTight ? low : min(low, ((low + slack) / step).rounded(.down) * step)
    upper = isTight ? high : max(high, ((high - slack) / step).rounded(.up) * step)
    let (first, last) = (
      Int(((lower - slack) / step).rounded(.up)), Int(((upper + slack) / step).rounded(.down))
    )
    ticks = first <= last ? (first...last).map { Double($0) * step } : []
    self.step = step
  }

  /// Places with names, evenly apart or not.
  ///
  /// - Parameter places: At least two, ascending.
  init(places: [(value: Double, name: String)]) {
    ticks = places.map(\.value)
    (lower, upper) = (ticks[0], ticks[ticks.count - 1])
    step = upper - lower
    names = places.map(\.name)
  }

  /// The smallest of 1, 2, 5, 10 … times a power of ten that is not below `step`.
  private static func niceStep(_ step: Double) -> Double {
    let power = pow(10, floor(log10(step)))
    return [1, 2, 5].map { $0 * power }.first { $0 >= step * (1 - 1e-9) } ?? 10 * power
  }

  /// Where a value is drawn between two places.
  func place(_ value: Double, from start: Double, to end: Double) -> Double {
    start + (value - lower) / (upper - lower) * (end - start)
  }

  /// Of the ticks, all with equally many decimals.
  var labels: [String] {
    if let names { return names }
    let largest = ticks.map(abs).max() ?? 0
    if largest >= 1e6 { return ticks.map { Self.label($0 / 1e6, step: step / 1e6) + ($0 == 0 ? "" : "M") } }
    if largest >= 1e4 { return ticks.map { Self.label($0 / 1e3, step: step / 1e3) + ($0 == 0 ? "" : "k") } }
    if largest > 0, step < 1e-4 {
      let exponent = Int(floor(log10(largest * (1 + 1e-9))))
      let unit = pow(10, Double(exponent))
      return ticks.map { Self.label($0 / unit, step: step / unit) + ($0 == 0 ? "" : "e\(exponent)") }
    }
    return ticks.map { Self.label($0, step: step) }
  }

  private static func label(_ value: Double, step: Double) -> String {
    if value == 0 { return "0" }
    let decimals = max(0, Int(-floor(log10(step * (1 + 1e-9)))))
    return String(format: "%.\(decimals)f", value).replacing("-", with: "−")
  }
}
