import Configurations
import Datasets
import Evaluation
import Foundation
import Foundations

/// How well networks that were fine-tuned with shares of the labels tell test images' classes: what
/// `evaluate finetune` prints.
public struct FinetuneReport: Report, Sendable {
  /// What came of one seed.
  public struct Run: Sendable {
    public let seed: UInt64
    public let predictions: Predictions
    /// Over the test images, as a share of the dense network's.
    public let macsShare: Double
  }

  /// What one share of the labels came to.
  public struct Row: Sendable {
    public let share: LabelShare
    /// With labels.
    public let trainingImages: Int
    /// Of the first seed; the others' differ in nothing else.
    public let configuration: Configuration
    /// By seed.
    public let runs: [Run]

    public var accuracy: SeededAccuracy { SeededAccuracy(runs.map(\.predictions)) }
    /// Mean over seeds.
    public var macsShare: Double { MeanAndSpread(runs.map(\.macsShare)).mean }
  }

  /// In the order of shares, the largest last.
  public let rows: [Row]
  /// What was fine-tuned: a `step-…` folder.
  public let checkpoint: String
  /// A sentence for each image that could not be used.
  public let skipped: [String]
  let data: DataParts

  private var last: Row { rows[rows.count - 1] }
  private var testImages: Int { last.runs[0].predictions.labels.count }

  public var json: JSONValue {
    .object(
      keyed: last.accuracy.fields + [
        ("seeds", .list(last.runs.map { .integer(Int(clamping: $0.seed)) })),
        ("images", .integer(testImages)), ("images_skipped", .integer(skipped.count)),
        ("macs_share", .number(last.macsShare)),
        ("data_notes", .list(data.notes.map(JSONValue.text))),
        ("data_digest", data.digest.map(JSONValue.text) ?? .null), ("rows", .list(rows.map(\.json))),
      ])
  }

  /// For a person.
  public var text: String {
    let lines = rows.map { row in
      row.share.text.rightAligned(in: 6)
        + " of labels  \(counted(row.trainingImages, "image")), "
        + "\(counted(row.configuration.epochs, "epoch"))  \(row.accuracy.text)  "
        + String(format: "MACs %.2f %%", 100 * row.macsShare)
    }
    return (["\(checkpoint) fine-tuned, tested on \(counted(testImages, "image"))"] + lines)
      .joined(separator: "\n")
  }
}

extension FinetuneReport.Row {
  fileprivate var json: JSONValue {
    .object(
      keyed: [
        ("labels", .number(share.percent)), ("training_images", .integer(trainingImages)),
        ("epochs", .integer(configuration.epochs)), ("batch", .integer(configuration.batch.global)),
        ("learning_rate", .number(configuration.peakLearningRate)),
      ] + accuracy.fields + [
        ("macs_share", .number(macsShare)),
        (
          "runs",
          .list(
            runs.map {
              .object([
                "seed": .integer(Int(clamping: $0.seed)), "top1": .number($0.predictions.top1),
                "top5": .number($0.predictions.top5), "macs_share": .number($0.macsShare),
              ])
            })
        ),
      ])
  }
}
