import CVector
import Foundation
import TestSupport
import Testing

/// The vector kernels under objectives' rows, against plain loops in double precision.
@Suite struct RowKernelTests {
  /// Groups of 16 and what is left of them.
  static let counts = [1, 2, 15, 16, 17, 31, 48, 100]

  private func exponentials(_ x: [Float]) -> [Float] {
    var y = [Float](repeating: .nan, count: x.count)
    vector_exp(x.count, x, &y)
    return y
  }

  /// Every 4,999th of all floating-point numbers, and the edges of the normal results.
  @Test func exponentialIsWithinAUnitInTheLastPlace() {
    var x = stride(from: 0, through: UInt32.max, by: 4_999).map { Float(bitPattern: $0) }
    x += [-87.33655, -87.33654, -87.33653, 88.72283, 88.72284, -0.0, 0, .leastNonzeroMagnitude]
    var worst = 0.0
    for (x, y) in zip(x, exponentials(x)) where !x.isNaN {
      let exact = exp(Double(x))
      if exact < Double(Float.leastNormalMagnitude) {
        #expect(y == 0 || y == .leastNormalMagnitude, "exp(\(x)) is \(y)")
      } else if exact > Double(Float.greatestFiniteMagnitude) {
        #expect(y == .infinity, "exp(\(x)) is \(y)")
      } else {
        worst = max(worst, abs(Double(y) - exact) / Double(Float(exact).ulp))
      }
    }
    #expect(worst < 1.1)
  }

  @Test func exponentialOfSpecialNumbers() {
    #expect(
      exponentials([0, -0.0, .infinity, -.infinity, 1e30, -1e30]) == [1, 1, .infinity, 0, .infinity, 0])
    for count in Self.counts {
      #expect(exponentials([Float](repeating: .nan, count: count)).allSatisfy { $0.isNaN })
      #expect(exponentials([Float](repeating: -.infinity, count: count)).allSatisfy { $0 == 0 })
    }
  }

  /// A number's exponential does not depend on its place.
  @Test func exponentialIsTheSameInGroupsAndAlone() {
    var numbers = TestNumbers(seed: 60)
    let x = numbers.uniforms(31, -80, 80)
    #expect(exponentials(x) == x.map { exponentials([$0])[0] })
  }

  @Test(arguments: counts)
  func sumOfExponentials(count: Int) {
    var numbers = TestNumbers(seed: 61)
    var x = numbers.uniforms(count, -20, 20)
    let exact = x.reduce(0.0) { $0 + exp(Double($1) - 20) }
    #expect(abs(vector_sum_exp(count, x, 20) - exact) <= 2e-6 * exact)
    for place in [0, count - 1] {
      let without = vector_sum_exp(count, x, 20) - Double(exponentials([x[place] - 20])[0])
      let kept = x[place]
      x[place] = -.infinity
      #expect(abs(vector_sum_exp(count, x, 20) - without) <= 1e-14, "−∞ adds nothing")
      x[place] = .nan
      #expect(vector_sum_exp(count, x, 20).isNaN)
      x[place] = kept
    }
  }

  @Test(arguments: counts)
  func largest(count: Int) {
    var numbers = TestNumbers(seed: 62)
    for place in 0..<count {
      var x = numbers.uniforms(count, -3, -1)
      x[place] = -0.5
      #expect(vector_max(count, x) == -0.5)
      x[place] = .nan
      #expect(vector_max(count, x) == x.filter { !$0.isNaN }.max() ?? -.infinity)
    }
    #expect(vector_max(count, [Float](repeating: -.infinity, count: count)) == -.infinity)
  }

  @Test(arguments: counts)
  func softmaxAlongRowAndColumns(count: Int) {
    var numbers = TestNumbers(seed: 63)
    let x = numbers.uniforms(count, -20, 20)
    let columns = numbers.uniforms(count, 20, 25)
    var found = x
    found[count / 2] = -.infinity
    vector_mutual_softmax(count, &found, 22, columns, 0.25)
    for i in x.indices {
      let exact =
        i == count / 2 ? 0 : 0.25 * (exp(Double(x[i]) - 22) + exp(Double(x[i]) - Double(columns[i])))
      // exp's argument is rounded before: half a unit in the last place of up to 45.
      #expect(abs(Double(found[i]) - exact) <= 3e-6 * exact)
    }
  }

  @Test(arguments: counts)
  func productsAndCombinations(count: Int) {
    var numbers = TestNumbers(seed: 64)
    let (x, y) = (numbers.normals(count), numbers.normals(count))
    let products = zip(x, y).map { Double($0) * Double($1) }
    let size = products.reduce(0) { $0 + abs($1) }
    #expect(abs(vector_dot(count, x, y) - products.reduce(0, +)) <= 1e-15 * size)
    var found = [Float](repeating: .nan, count: count)
    vector_scale(count, 1 / 3, x, &found)
    #expect(found == x.map { Float(1.0 / 3 * Double($0)) })
    vector_combine(count, 0.1, x, -7, y, &found)
    #expect(maxRelativeToLargest(found, zip(x, y).map { Float(0.1 * Double($0) - 7 * Double($1)) }) < 1e-7)
  }
}
