import Foundation
import Foundations

/// How well classifiers that differ in their seed alone tell the same test images' classes.
public struct SeededAccuracy: Sendable {
  /// By seed, at least one.
  public let predictions: [Predictions]

  public init(_ predictions: [Predictions]) {
    precondition(!predictions.isEmpty)
    self.predictions = predictions
  }

  /// In percent, over seeds.
  public var top1: MeanAndSpread { MeanAndSpread(predictions.map(\.top1)) }
  public var top5: MeanAndSpread { MeanAndSpread(predictions.map(\.top5)) }

  /// In which 95 % of top-1 accuracies of resampled test images lie.
  public var interval: ClosedRange<Double> {
    var scores = [Double](repeating: 0, count: predictions[0].labels.count)
    for prediction in predictions {
      for (image, isHit) in prediction.hits.enumerated() where isHit {
        scores[image] += 1 / Double(predictions.count)
      }
    }
    return Bootstrap.interval(scores)
  }

  /// The keys that every report of it has.
  package var fields: [(key: String, value: JSONValue)] {
    [
      ("top1", .number(top1.mean)), ("top1_std", top1.deviation.map(JSONValue.number) ?? .null),
      ("top1_interval", interval.json), ("top5", .number(top5.mean)),
    ]
  }

  /// For a person.
  package var text: String {
    String(
      format: "top-1 %@ %%  (95 %% interval %.2f–%.2f)  top-5 %@ %%", top1.text, interval.lowerBound,
      interval.upperBound, top5.text)
  }
}
