/// How far a gradient is from central differences of `loss` along random directions, as a share of what a
/// direction's slope is about: ‖gradient‖₂ · ‖step‖₂ / √count. The worst of three directions.
///
/// The loss is evaluated at the numbers that single precision has, and the step is what really lies between
/// them. Directions are ±`step` in every component, so no component can be wrong unseen.
public func gradientError(
  _ gradient: [Float], at point: [Float], step: Float, loss: ([Float]) throws -> Double
) rethrows -> Double {
  guard gradient.count == point.count else { return .infinity }
  var numbers = TestNumbers(seed: 5)
  var worst = 0.0
  for _ in 0..<3 {
    let direction = point.map { _ in numbers.next() & 1 == 0 ? step : -step }
    let above = zip(point, direction).map { $0 + $1 }
    let below = zip(point, direction).map { $0 - $1 }
    let difference = try loss(above) - loss(below)
    var expected = 0.0
    var (norm, length) = (0.0, 0.0)
    for (slope, (a, b)) in zip(gradient, zip(above, below)) {
      let between = Double(a) - Double(b)
      expected += Double(slope) * between
      norm += Double(slope) * Double(slope)
      length += between * between
    }
    let usual = (norm * length / Double(point.count)).squareRoot()
    let error = abs(difference - expected) / usual
    worst = error.isNaN ? .infinity : max(worst, error)
  }
  return worst
}

/// Σ coefficient · value in double precision: a loss whose gradient is the coefficients.
public func weightedSum(_ values: [Float], _ coefficients: [Float]) -> Double {
  zip(values, coefficients).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}
