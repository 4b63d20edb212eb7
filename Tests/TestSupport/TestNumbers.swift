import Foundation

/// Random numbers for tests: the same for the same seed, on every machine.
///
/// Source: SplitMix64, Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
public struct TestNumbers: RandomNumberGenerator {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// `count` numbers of U[low, high).
  public mutating func uniforms(_ count: Int, _ low: Float = 0, _ high: Float = 1) -> [Float] {
    (0..<count).map { _ in low + (high - low) * Float(next() >> 40) * 0x1p-24 }
  }

  /// `count` numbers of N(0, 1).
  public mutating func normals(_ count: Int) -> [Float] {
    (0..<count).map { _ in
      let u = Double((next() >> 11) + 1) * 0x1p-53
      let v = Double(next() >> 11) * 0x1p-53
      return Float((-2 * log(u)).squareRoot() * cos(2 * Double.pi * v))
    }
  }

  /// `count` numbers of either sign between ½ and 1½ away from 0, where many functions have a kink.
  public mutating func awayFromZero(_ count: Int) -> [Float] {
    uniforms(count, 0.5, 1.5).map { next() & 1 == 0 ? $0 : -$0 }
  }
}
