import TestSupport

/// A number or tensor held against its reference, with how far it may be off.
public struct Comparison: Sendable, CustomStringConvertible {
  public let what: String
  public let error: Double
  public let tolerance: Double

  /// An error that is not a number fails.
  public var passes: Bool { error <= tolerance }
  /// Which share of what is allowed was used.
  public var share: Double { error == 0 ? 0 : error / tolerance }

  public var description: String { "\(what): off by \(error), allowed \(tolerance)" }

  public init(_ what: String, error: Double, tolerance: Double) {
    self.what = what
    self.error = error
    self.tolerance = tolerance
  }

  /// max|found − expected| ≤ tolerance · max|expected|.
  public static func tensor<T: BinaryFloatingPoint>(
    _ what: String, _ found: [T], _ expected: [T], relativeToLargest tolerance: Double
  ) -> Comparison {
    Comparison(what, error: maxRelativeToLargest(found, expected), tolerance: tolerance)
  }

  /// |found − expected| ≤ the larger of two bounds.
  public static func scalar(
    _ what: String, _ found: Double, _ expected: Double, relative: Double = 0, absolute: Double = 0
  ) -> Comparison {
    Comparison(
      what, error: abs(found - expected), tolerance: max(relative * abs(expected), absolute))
  }

  /// How many elements differ: none may.
  public static func exact<T: Equatable>(_ what: String, _ found: [T], _ expected: [T]) -> Comparison {
    let different = zip(found, expected).count { $0 != $1 } + abs(found.count - expected.count)
    return Comparison(what, error: Double(different), tolerance: 0)
  }
}

extension [Comparison] {
  /// One line: how many, and the one that came closest to its bound.
  public var summary: String {
    guard let worst = self.max(by: { $0.share < $1.share }) else { return "nothing compared" }
    return "\(count) compared, closest to its bound: \(worst)"
  }
}
