import Foundation
import Tensors

/// How far an accuracy would move if other images of the same kind had been tested.
///
/// The percentile interval of Efron & Tibshirani, *An Introduction to the Bootstrap* (1993), Chapter 13: as many images
/// are drawn with replacement as were tested, their accuracy is noted, and that is repeated; 95 % of what was noted lies
/// in the interval.
public enum Bootstrap {
  static let resamples = 1000

  /// - Parameter scores: Of every image: 1 where it was classified rightly, else 0; or a mean of such.
  /// - Returns: Percent; the same for the same scores.
  public static func interval(_ scores: [Double]) -> ClosedRange<Double> {
    guard !scores.isEmpty else { return 0...0 }
    let shares = (0..<resamples).map { sample -> Double in
      let draws = RandomDraws(seed: 0, purpose: .bootstrap, index: sample)
      var sum = 0.0
      for number in scores.indices { sum += scores[draws.integer(number, below: scores.count)] }
      return 100 * sum / Double(scores.count)
    }.sorted()
    let tail = Int(0.025 * Double(resamples))
    return shares[tail]...shares[resamples - 1 - tail]
  }
}
