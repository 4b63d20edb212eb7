import Datasets
import Foundation
import Foundations

/// Whose votes classify an image, and how they are weighed.
public struct KNNVoting: Sendable {
  /// Neighbours that vote.
  public var k = 20
  public var metric = KNearestNeighbors.Metric.cosine
  /// T of cosine votes.
  public var temperature = 0.07

  /// The usual weighted k-NN: k = 20, cosine, weights exp(s / 0.07).
  public init() {}
}

/// How well a backbone's features tell classes apart, and what they cost: what `evaluate knn` prints and evaluations
/// during training record.
public struct KNNReport: Report, Sendable {
  /// By the votes that were asked for.
  public let weighted: KNNResult
  /// k = 1, Euclidean: the protocol of [K].
  public let nearest: KNNResult
  public let metric: KNearestNeighbors.Metric
  public let images: Int
  /// Over the test images.
  public let usage: ChannelUsage
  /// A sentence for each image that could not be used.
  public let skipped: [String]
  private let dataNotes: [String]
  private let dataDigest: String?

  /// Classifies the test images of `data`, on which the network spent `usage`, by those that have labels.
  ///
  /// - Parameter check: Called now and then; ends the classification by throwing.
  public init(
    train: ExtractedFeatures, test: ExtractedFeatures, _ parts: ClassifiableParts, of data: DataParts,
    usage: ChannelUsage,
    voting: KNNVoting = KNNVoting(), check: () throws -> Void = {}
  ) rethrows {
    func classify(_ voting: KNNVoting) throws -> KNNResult {
      try test.classified(
        by: train, classCount: data.classNames.count, k: voting.k, metric: voting.metric,
        temperature: voting.temperature, check: check)
    }
    var single = KNNVoting()
    (single.k, single.metric) = (1, .euclidean)
    nearest = try classify(single)
    let isSingle = voting.k == single.k && voting.metric == single.metric
    weighted = isSingle ? nearest : try classify(voting)
    metric = voting.metric
    images = test.images
    self.usage = usage
    skipped =
      (train.skipped.map { (parts.neighbors.imageName(at: $0.index), $0.reason) }
      + test.skipped.map { (parts.test.imageName(at: $0.index), $0.reason) })
      .map { "\($0) is skipped and its neighbour used instead: \($1)" }
    dataNotes = data.notes
    dataDigest = data.digest
  }

  public var json: JSONValue {
    .object([
      "top1": .number(weighted.top1), "top5": .number(weighted.top5),
      "nearest_top1": .number(nearest.top1), "images": .integer(images),
      "images_skipped": .integer(skipped.count), "k": .integer(weighted.k), "metric": .text(metric.rawValue),
      "macs_share": .number(usage.macsShare), "density": .list(usage.densities.map(JSONValue.number)),
      "blocks": .list(
        usage.blocks.map {
          .object([
            "name": .text($0.name), "density": .number($0.density), "macs_share": .number($0.macsShare),
          ])
        }),
      "data_notes": .list(dataNotes.map(JSONValue.text)),
      "data_digest": dataDigest.map(JSONValue.text) ?? .null,
    ])
  }

  /// For a person, with a line for each gated block.
  public var text: String {
    let summary = String(
      format: "top-1 %.2f %%  top-5 %.2f %%  on %d images with %.2f %% of the dense network's MACs",
      weighted.top1, weighted.top5, images, 100 * usage.macsShare)
    let blocks = usage.blocks.map {
      String(
        format: "%@  open channels %5.1f %%  MACs %5.1f %%", $0.name, 100 * $0.density, 100 * $0.macsShare)
    }
    return ([summary] + blocks).joined(separator: "\n")
  }

  /// For a person, in one line.
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
