import Foundation

/// Minimization of a smooth function by L-BFGS.
///
/// The direction is −H·g, H the inverse Hessian that the last `memory` steps s = x′ − x and changes y = g′ − g imply
/// (Nocedal & Wright, *Numerical Optimization*, 2nd edition, Algorithm 7.4), and a step along it meets the strong Wolfe
/// conditions (Algorithms 3.5 and 3.6, with cubic interpolation), so that s·y > 0 and H stays positive definite.
struct LBFGS {
  /// Steps that are remembered.
  var memory = 10
  /// Ends where no component of the gradient is larger.
  var tolerance = 1e-4
  var maxIterations = 1000

  /// A place, with the function's value and gradient there.
  private struct Point {
    var x: [Double]
    var value: Double
    var gradient: [Double]
  }

  private static let sufficientDecrease = 1e-4
  private static let curvature = 0.9

  /// - Parameters:
  ///   - start: Where the search begins.
  ///   - function: The value at a place, and its gradient there.
  /// - Returns: The best place found.
  func minimize(
    from start: [Double], _ function: ([Double]) throws -> (value: Double, gradient: [Double])
  ) throws -> [Double] {
    func evaluate(_ x: [Double]) throws -> Point {
      let (value, gradient) = try function(x)
      return Point(x: x, value: value, gradient: gradient)
    }
    var point = try evaluate(start)
    var steps: [Step] = []
    for _ in 0..<maxIterations {
      guard largest(point.gradient) > tolerance else { break }
      var direction = self.direction(at: point.gradient, steps)
      if dot(direction, point.gradient) >= 0 {
        // Rounding has spoiled what is remembered.
        steps = []
        direction = point.gradient.map { -$0 }
      }
      // Without a memory the gradient's size says nothing about a step's.
      let length = steps.isEmpty ? min(1, 1 / dot(direction, direction).squareRoot()) : 1
      guard let next = try search(from: point, along: direction, length, evaluate), next.value < point.value
      else { break }
      let step = Step(from: point.x, to: next.x, point.gradient, next.gradient)
      if step.product > 0 {
        steps.append(step)
        if steps.count > memory { steps.removeFirst() }
      }
      point = next
    }
    return point.x
  }

  /// s, y, and s·y.
  private struct Step {
    let move: [Double]
    let change: [Double]
    let product: Double

    init(from x: [Double], to next: [Double], _ gradient: [Double], _ nextGradient: [Double]) {
      move = zip(next, x).map { $0 - $1 }
      change = zip(nextGradient, gradient).map { $0 - $1 }
      product = dot(move, change)
    }
  }

  /// −H·g by the two-loop recursion.
  private func direction(at gradient: [Double], _ steps: [Step]) -> [Double] {
    var q = gradient.map { -$0 }
    var alphas: [Double] = []
    for step in steps.reversed() {
      let alpha = dot(step.move, q) / step.product
      add(-alpha, step.change, to: &q)
      alphas.append(alpha)
    }
    if let last = steps.last {
      let scale = last.product / dot(last.change, last.change)
      for i in q.indices { q[i] *= scale }
    }
    for (step, alpha) in zip(steps, alphas.reversed()) {
      add(alpha - dot(step.change, q) / step.product, step.move, to: &q)
    }
    return q
  }

  // MARK: Line search

  /// A point on the line, with the slope along it.
  private struct Trial {
    let length: Double
    let point: Point
    let slope: Double
  }

  /// A point along the direction that meets the strong Wolfe conditions, or the lowest found; nil: none is lower.
  private func search(
    from start: Point, along direction: [Double], _ firstLength: Double,
    _ evaluate: ([Double]) throws -> Point
  ) throws -> Point? {
    func trial(_ length: Double) throws -> Trial {
      var x = start.x
      add(length, direction, to: &x)
      let point = try evaluate(x)
      return Trial(length: length, point: point, slope: dot(point.gradient, direction))
    }
    let origin = Trial(length: 0, point: start, slope: dot(start.gradient, direction))
    func isTooHigh(_ trial: Trial) -> Bool {
      !(trial.point.value <= start.value + Self.sufficientDecrease * trial.length * origin.slope)
    }
    func isFlat(_ trial: Trial) -> Bool { abs(trial.slope) <= -Self.curvature * origin.slope }

    var previous = origin
    var length = firstLength
    // Beyond a bracket (low, high) there is nothing to look for.
    var bracket: (low: Trial, high: Trial)?
    for _ in 0..<20 {
      let current = try trial(length)
      if isTooHigh(current) || (previous.length > 0 && current.point.value >= previous.point.value) {
        bracket = (previous, current)
        break
      }
      if isFlat(current) { return current.point }
      if current.slope >= 0 {
        bracket = (current, previous)
        break
      }
      previous = current
      length *= 2
    }
    guard var (low, high) = bracket else { return previous.length > 0 ? previous.point : nil }
    for _ in 0..<20 {
      let current = try trial(between(low, high))
      if isTooHigh(current) || current.point.value >= low.point.value {
        high = current
      } else {
        if isFlat(current) { return current.point }
        if current.slope * (high.length - low.length) >= 0 { high = low }
        low = current
      }
      guard abs(high.length - low.length) > 1e-12 * max(high.length, low.length) else { break }
    }
    return low.length > 0 ? low.point : nil
  }

  /// The minimum of the cubic through two trials, kept away from the ends; their middle where it has none.
  private func between(_ low: Trial, _ high: Trial) -> Double {
    let (a, b) = (low.length, high.length)
    let middle = (a + b) / 2
    let d = low.slope + high.slope - 3 * (low.point.value - high.point.value) / (a - b)
    let root = (d * d - low.slope * high.slope).squareRoot() * (b > a ? 1 : -1)
    let minimum = b - (b - a) * (high.slope + root - d) / (high.slope - low.slope + 2 * root)
    let margin = 0.1 * abs(b - a)
    guard minimum.isFinite, minimum > min(a, b) + margin, minimum < max(a, b) - margin else { return middle }
    return minimum
  }
}

private func largest(_ x: [Double]) -> Double { x.reduce(0) { max($0, abs($1)) } }

private func dot(_ x: [Double], _ y: [Double]) -> Double {
  var sum = 0.0
  for i in x.indices { sum += x[i] * y[i] }
  return sum
}

private func add(_ factor: Double, _ x: [Double], to y: inout [Double]) {
  for i in y.indices { y[i] += factor * x[i] }
}
