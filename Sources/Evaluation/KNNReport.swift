import Datasets
import Foundation
import Metrics

/// How well a backbone's features tell classes apart, and what they cost: the evaluation during training.
public struct KNNReport: Sendable {
  /// k = 20, cosine, weights exp(s / 0.07): the usual weighted k-NN.
  public let weighted: KNNResult
  /// k = 1, Euclidean: the protocol of [K].
  public let nearest: KNNResult
  public let images: Int
  /// Over the test images.
  public let usage: ChannelUsage

  /// Extracts features on all ranks, and classifies the test images by the training images on one.
  ///
  /// - Parameters:
  ///   - isReporting: True on the rank that classifies; the others extract features only.
  ///   - progress: Is told the share of this rank's work that is done.
  /// - Returns: nil on the others.
  public static func measure(
    _ extractor: FeatureExtractor, data: DatasetPair, isReporting: Bool,
    progress: (Double) -> Void = { _ in }
  ) throws -> KNNReport? {
    let (train, test) = try extractor.features(of: data, progress: progress)
    guard isReporting else { return nil }
    func classify(k: Int, _ metric: KNearestNeighbors.Metric) -> KNNResult {
      test.classified(by: train, classCount: data.train.classCount, k: k, metric: metric, temperature: 0.07)
    }
    return KNNReport(
      weighted: classify(k: 20, .cosine), nearest: classify(k: 1, .euclidean),
      images: test.images, usage: extractor.usage(of: test))
  }

  /// For a line of `metrics.jsonl`.
  public var json: JSONValue {
    .object([
      "top1": .number(weighted.top1), "top5": .number(weighted.top5),
      "nearest_top1": .number(nearest.top1), "images": .integer(images),
      "macs_share": .number(usage.macsShare),
      "density": .list(usage.blocks.map { .number($0.density) }),
    ])
  }

  /// For a person.
  public var line: String {
    "k-NN \(percent(weighted.top1)) weighted, \(percent(nearest.top1)) nearest neighbour, "
      + "\(percent(100 * usage.macsShare)) of dense MACs on \(images) test images"
  }
}

extension ExtractedFeatures {
  /// k-NN of these images among labelled ones.
  public func classified(
    by train: ExtractedFeatures, classCount: Int, k: Int, metric: KNearestNeighbors.Metric,
    temperature: Double
  ) -> KNNResult {
    KNearestNeighbors.classify(
      train: train.values, trainLabels: train.labels, test: values, testLabels: labels,
      dimension: dimension, classCount: classCount, k: k, metric: metric, temperature: temperature)
  }
}

private func percent(_ value: Double) -> String { String(format: "%.2f %%", value) }
