import Tensors

/// Draws from one stream of random numbers: the same for the same seed and number, on every machine.
package struct Draws {
  private let draws: RandomDraws
  private var next = 0

  package init(seed: UInt64, input: Int) {
    draws = RandomDraws(seed: seed, purpose: .augmentation, index: input)
  }

  /// A number of 0 ..< `bound`.
  package mutating func callAsFunction(below bound: Int) -> Int {
    next += 1
    return draws.integer(next, below: bound)
  }

  package mutating func element<T>(of values: [T]) -> T { values[self(below: values.count)] }
}
