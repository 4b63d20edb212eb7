import Datasets
import Foundation
import Foundations

/// How well a backbone's features tell classes apart, and what they cost: the evaluation during training.
public struct KNNReport: Sendable {
  /// k = 20, cosine, weights exp(s / 0.07): the usual weighted k-NN.
  public let weighted: KNNResult
  /// k = 1, Euclidean: the protocol of [K].
  public let nearest: KNNResult
  public let images: Int
  /// Over the test images.
  public let usage: ChannelUsage

  /// Classifies test images, on which the network spent `usage`, by training images.
  ///
  /// - Parameter check: Called now and then; ends the classification by throwing.
  public init(
    train: ExtractedFeatures, test: ExtractedFeatures, classCount: Int, usage: ChannelUsage,
    check: () throws -> Void
  ) rethrows {
    func classify(k: Int, _ metric: KNearestNeighbors.Metric) throws -> KNNResult {
      try test.classified(
        by: train, classCount: classCount, k: k, metric: metric, temperature: 0.07, check: check)
    }
    weighted = try classify(k: 20, .cosine)
    nearest = try classify(k: 1, .euclidean)
    images = test.images
    self.usage = usage
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
  ///
  /// - Parameter check: Called now and then; ends the classification by throwing.
  public func classified(
    by train: ExtractedFeatures, classCount: Int, k: Int, metric: KNearestNeighbors.Metric,
    temperature: Double, check: () throws -> Void
  ) rethrows -> KNNResult {
    guard let known = train.labels, let asked = labels else {
      preconditionFailure("images without labels are no `ClassifiableParts`")
    }
    return try KNearestNeighbors.classify(
      train: train.values, trainLabels: known, test: values, testLabels: asked,
      dimension: dimension, classCount: classCount, k: k, metric: metric, temperature: temperature,
      check: check)
  }
}

private func percent(_ value: Double) -> String { String(format: "%.2f %%", value) }
