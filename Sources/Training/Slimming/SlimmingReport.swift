import Datasets
import Evaluation
import Foundations
import Networks

/// Which channels a gated network lost because its gates rarely open them, and what that changed on images.
public struct SlimmingReport: Report {
  /// When a channel is open often enough to stay.
  public struct Criterion: Sendable {
    /// Of the images; on one at least.
    let share: Double
    let images: Int
    let part: DataPart

    private var all: String { counted(images, "\(part.rawValue) image") }

    /// Completes "it is open on …".
    var met: String { share == 0 ? "at least one of \(all)" : "at least a share of \(share) of \(all)" }
    /// Completes "it is open on …".
    var missed: String { share == 0 ? "none of \(all)" : "less than a share of \(share) of \(all)" }
  }

  /// A network, and what it made of test images.
  struct Measured {
    let blueprint: Blueprint
    let knn: KNNReport

    init(_ blueprint: Blueprint, _ knn: KNNReport) { (self.blueprint, self.knn) = (blueprint, knn) }

    /// Mean over the test images, gates included.
    var macs: Int { Int((knn.usage.macsShare * Double(MACs(blueprint).dense)).rounded()) }
  }

  let criterion: Criterion
  let before: Measured
  let after: Measured
  /// Channels that were left out because of their gates, not because they were pruned.
  let rareChannels: Int
  /// Images that opened such a channel, whose features may be others now: of those that were counted on, and test images.
  let affectedImages: Int
  let affectedTestImages: Int

  private var macs: Change { Change(before.macs, after.macs) }

  /// By gate.
  private var channels: [Change] {
    zip(before.blueprint.gates, after.blueprint.gates).map { Change($0.channels, $1.channels) }
  }

  public var text: String {
    let labels = before.blueprint.gateLabels
    let width = labels.map(\.count).max() ?? 0
    let rows = zip(labels, channels).map { "\($0.padded(to: width))  \($1.text)" }
    let test = counted(before.knn.images, "test image")
    func accuracy(_ top1: (KNNReport) -> Double) -> String {
      "\(percent(top1(before.knn))) → \(percent(top1(after.knn)))"
    }
    return """
      channels    \(rows.joined(separator: "\n            "))
      rare        \(counted(rareChannels, "channel")), open on \(criterion.missed)
      affected    \(counted(affectedImages, "\(criterion.part.rawValue) image")) and \
      \(counted(affectedTestImages, "test image")) opened one of them
      MACs spent  \(macs.text), mean of \(test)
      k-NN        \(accuracy { $0.weighted.top1 }) of \(test), k = \(before.knn.weighted.k), cosine
                  \(accuracy { $0.nearest.top1 }), k = 1, euclidean
      """
  }

  public var json: JSONValue {
    func accuracy(_ top1: (KNNReport) -> Double) -> JSONValue {
      .object(["before": .number(top1(before.knn)), "after": .number(top1(after.knn))])
    }
    return .object([
      "open_on": .number(criterion.share), "part": .text(criterion.part.rawValue),
      "images": .integer(criterion.images), "rare_channels": .integer(rareChannels),
      "affected_images": .integer(affectedImages), "test_images": .integer(before.knn.images),
      "affected_test_images": .integer(affectedTestImages),
      "gates": .list(
        zip(before.blueprint.gates, channels).map {
          .object(["name": .text($0.name), "channels": $1.json])
        }),
      "macs": macs.json, "k": .integer(before.knn.weighted.k), "top1": accuracy { $0.weighted.top1 },
      "nearest_top1": accuracy { $0.nearest.top1 },
    ])
  }
}
