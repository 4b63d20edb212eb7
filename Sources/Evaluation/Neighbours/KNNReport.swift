import Collectives
import Datasets
import Foundation
import Foundations
import Tensors

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
  /// In which 95 % of resampled top-1 accuracies lie.
  public let interval: ClosedRange<Double>
  private let dataNotes: [String]
  private let dataDigest: String?

  /// Classifies test images of `data` by those that have labels; every rank calls it.
  ///
  /// - Parameters:
  ///   - train, test: Of `parts`, with the layer that is compared last.
  ///   - usage: Over the test images.
  ///   - check: Called by every rank equally often; ends the classification by throwing on all of them.
  /// - Returns: nil on other ranks than 0.
  /// - Throws: `CollectiveError`; what `check` threw.
  public static func make(
    train: Extraction, test: Extraction, _ parts: ClassifiableParts, of data: DataParts, usage: ChannelUsage,
    voting: KNNVoting = KNNVoting(), on communicator: Communicator, pool: WorkerPool,
    check: () throws -> Void = {}
  ) throws -> KNNReport? {
    let (known, asked) = (train.labelled(on: communicator), test.labelled(on: communicator))
    func classify(_ voting: KNNVoting) throws -> KNNResult? {
      try KNearestNeighbors.classify(
        train: known, test: asked, classCount: data.classNames.count, k: voting.k, metric: voting.metric,
        temperature: voting.temperature, on: communicator, pool: pool, check: check)
    }
    var single = KNNVoting()
    (single.k, single.metric) = (1, .euclidean)
    let nearest = try classify(single)
    let isSingle = voting.k == single.k && voting.metric == single.metric
    let weighted = isSingle ? nearest : try classify(voting)
    let skipped = try SkippedSentences.gather(train, test, parts, on: communicator)
    guard let nearest, let weighted else { return nil }
    return KNNReport(
      weighted: weighted, nearest: nearest, metric: voting.metric, images: test.images, usage: usage,
      skipped: skipped, interval: SeededAccuracy([weighted.predictions]).interval,
      dataNotes: data.notes,
      dataDigest: data.digest)
  }

  public var json: JSONValue {
    .object([
      "top1": .number(weighted.top1), "top5": .number(weighted.top5),
      "top1_interval": interval.json,
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
      format:
        "top-1 %.2f %% (95 %% interval %.2f–%.2f)  top-5 %.2f %%  on %d images with %.2f %% of the dense network's "
        + "MACs",
      weighted.top1, interval.lowerBound, interval.upperBound, weighted.top5, images, 100 * usage.macsShare)
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
