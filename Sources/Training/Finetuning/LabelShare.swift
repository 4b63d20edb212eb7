import Datasets
import Foundation
import Tensors

/// A share of a data set's labels.
public struct LabelShare: Equatable, Sendable {
  /// Above 0, at most 100.
  public let percent: Double

  public init(percent: Double) {
    precondition(percent > 0 && percent <= 100)
    self.percent = percent
  }

  /// Which images keep their labels: of each class its share, rounded to whole images, but at least one.
  ///
  /// With the same seed, those of a smaller share are among those of a larger one.
  ///
  /// - Parameter labels: The class of each image.
  /// - Returns: Numbers of images, ascending.
  func images(of labels: [Int], seed: UInt64) -> [Int] {
    var left = Dictionary(labels.map { ($0, 1) }, uniquingKeysWith: +).mapValues { count in
      max(Int((Double(count) * percent / 100).rounded()), 1)
    }
    var kept: [Int] = []
    for image in RandomDraws(seed: seed, purpose: .labelShare).permutation(of: labels.count)
    where left[labels[image], default: 0] > 0 {
      left[labels[image], default: 0] -= 1
      kept.append(image)
    }
    return kept.sorted()
  }

  /// For a person, for example `1 %`.
  var text: String { String(format: "%g %%", percent) }
}
