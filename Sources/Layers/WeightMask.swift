import CVector

/// Which weights of a parameter remain, a bit each: the others have been pruned, and are zero (m of [C]).
public struct WeightMask: Equatable, Sendable {
  /// Weights, pruned ones included.
  public let count: Int
  /// Weight i is bit i mod 64 of word i / 64; bits beyond the last weight are not set.
  private var words: [UInt64]

  /// - Parameter kept: Whether each weight remains, in the order of `Parameter.array`.
  public init(_ kept: some Collection<Bool>) {
    count = kept.count
    words = [UInt64](repeating: 0, count: (count + 63) / 64)
    for (i, isKept) in kept.enumerated() where isKept { words[i / 64] |= 1 << (i % 64) }
  }

  /// How many weights remain.
  public var remaining: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// Whether a weight remains.
  public subscript(index: Int) -> Bool { words[index / 64] >> (index % 64) & 1 == 1 }

  /// Whether each weight remains.
  public var kept: [Bool] { (0..<count).map { self[$0] } }

  /// How many weights remain in both masks, of as many weights each.
  public func overlap(with other: WeightMask) -> Int {
    precondition(count == other.count)
    return zip(words, other.words).reduce(0) { $0 + ($1.0 & $1.1).nonzeroBitCount }
  }

  /// Sets the numbers of pruned weights to zero.
  ///
  /// - Parameter numbers: As many as there are weights.
  package func apply(to numbers: UnsafeMutablePointer<Float>) { vector_keep(count, words, numbers) }
}
