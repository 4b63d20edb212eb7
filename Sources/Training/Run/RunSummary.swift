import Datasets
import Evaluation
import Foundation
import Foundations
import Metrics
import Provenance

/// What a person wants to know at the end of a run.
public struct RunSummary: Report, Sendable {
  public let steps: Int
  /// Weighted k-NN top-1 of the untrained network in percent.
  public let top1Before: Double?
  /// nil where nothing can be classified.
  public let after: KNNReport?
  /// Why nothing can be.
  public let classificationGap: ClassificationGap?
  /// Images of all ranks a second in training; nil if every step had been taken before.
  public let imagesPerSecond: Double?
  /// The part of that time in which steps waited for images, in [0, 1].
  public let dataWaitShare: Double?
  /// How many images could not be used, and what a person calls the first of them.
  public let imagesSkipped: Int
  public let skipped: [String]
  public let checkpoint: String
  /// What produced the last steps.
  public let session: Session

  /// How many of the images that were skipped are named.
  static let largestNameCount = 100

  /// For a person: what was learned, what it costs, where it is.
  public var text: String {
    let results =
      after.map { after in
        [
          "k-NN top-1: \(percent(after.weighted.top1)) (weighted, k = 20"
            + (top1Before.map { "; \(percent($0)) before training" } ?? "") + "), "
            + "\(percent(after.nearest.top1)) (nearest neighbour)",
          "MACs:       \(percent(100 * after.usage.macsShare)) of the dense network's, on \(after.images) test "
            + "images",
        ]
      } ?? ["k-NN top-1: not measured" + (classificationGap.map { ", the data has \($0.words)" } ?? "")]
    return
      (results + [
        "speed:      "
          + (imagesPerSecond.map { String(format: "%.0f images/s", $0) + waiting }
            ?? "no steps were left"),
        "checkpoint: \(checkpoint) (step \(steps))",
        "environment: \(session.line)",
      ] + skippedRow).joined(separator: "\n")
  }

  /// Empty where the loader kept up.
  private var waiting: String {
    guard let share = dataWaitShare, share >= 0.05 else { return "" }
    return String(format: "; %.0f %% of the time", 100 * share)
      + " the step waited for images: more data.loader_threads or a faster disk would help"
  }

  /// Empty where every image could be used.
  private var skippedRow: [String] {
    guard imagesSkipped > 0 else { return [] }
    let named = skipped.prefix(10)
    let rest = imagesSkipped - named.count
    return [
      "skipped:    \(counted(imagesSkipped, "image")) that could not be used: "
        + named.joined(separator: ", ") + (rest > 0 ? " and \(rest) more, see the log" : "")
    ]
  }

  public var json: JSONValue {
    .object([
      "steps": .integer(steps), "top1_before": top1Before.map { .number($0) } ?? .null,
      "evaluation": after?.json ?? .null, "images_per_s": imagesPerSecond.map { .number($0) } ?? .null,
      "data_wait_share": dataWaitShare.map { .number($0) } ?? .null,
      "images_skipped": .integer(imagesSkipped), "skipped": .list(skipped.map(JSONValue.text)),
      "checkpoint": .text(checkpoint), "environment": session.json,
    ])
  }
}
