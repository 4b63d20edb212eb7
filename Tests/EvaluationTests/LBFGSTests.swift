import Foundation
import Testing

@testable import Evaluation

@Suite struct LBFGSTests {
  /// Rosenbrock's banana, whose minimum is at (1, 1).
  @Test func findsTheMinimumOfACurvedValley() throws {
    let minimizer = LBFGS(tolerance: 1e-8)
    let best = try minimizer.minimize(from: [-1.2, 1]) { x in
      let (a, b) = (1 - x[0], x[1] - x[0] * x[0])
      return (a * a + 100 * b * b, [-2 * a - 400 * x[0] * b, 200 * b])
    }
    #expect(abs(best[0] - 1) < 1e-6 && abs(best[1] - 1) < 1e-6)
  }

  /// Σ λ_i·(x_i − i)², λ from 1 to 10⁴.
  @Test func findsTheMinimumOfABadlyScaledBowl() throws {
    let scales = (0..<50).map { pow(10, 4 * Double($0) / 49) }
    var evaluations = 0
    let best = try LBFGS(tolerance: 1e-6).minimize(from: Array(repeating: 0, count: 50)) { x in
      evaluations += 1
      let gaps = x.enumerated().map { $0.element - Double($0.offset) }
      return (
        zip(scales, gaps).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }, zip(scales, gaps).map { 2 * $0 * $1 }
      )
    }
    for (i, value) in best.enumerated() { #expect(abs(value - Double(i)) < 1e-5) }
    #expect(evaluations < 1500)
  }

  @Test func staysWhereItIsAlreadyFlat() throws {
    var evaluations = 0
    let best = try LBFGS().minimize(from: [3]) { x in
      evaluations += 1
      return ((x[0] - 3) * (x[0] - 3), [2 * (x[0] - 3)])
    }
    #expect(best == [3] && evaluations == 1)
  }

  @Test func aFunctionThatEndsTheSearchEndsIt() {
    struct Stop: Error {}
    #expect(throws: Stop.self) { try LBFGS().minimize(from: [1]) { _ in throw Stop() } }
  }
}
