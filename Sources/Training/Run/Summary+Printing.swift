import Foundation
import Metrics

extension PretrainingRun.Summary {
  /// For a person: what was learned, what it costs, where it is.
  public var text: String {
    func percent(_ value: Double) -> String { String(format: "%.2f %%", value) }
    let results =
      after.map { after in
        [
          "k-NN top-1: \(percent(after.weighted.top1)) (weighted, k = 20"
            + (top1Before.map { "; \(percent($0)) before training" } ?? "") + "), "
            + "\(percent(after.nearest.top1)) (nearest neighbour)",
          "MACs:       \(percent(100 * after.usage.macsShare)) of the dense network's, on \(after.images) test "
            + "images",
        ]
      } ?? ["k-NN top-1: not measured, the data has no images to test on"]
    return
      (results + [
        "speed:      "
          + (imagesPerSecond.map { String(format: "%.0f images/s", $0) } ?? "no step was left to take"),
        "checkpoint: \(checkpoint) (step \(steps))",
        "environment: \(session.line)",
      ]).joined(separator: "\n")
  }

  public var json: JSONValue {
    .object([
      "steps": .integer(steps), "top1_before": top1Before.map { .number($0) } ?? .null,
      "evaluation": after?.json ?? .null, "images_per_s": imagesPerSecond.map { .number($0) } ?? .null,
      "checkpoint": .text(checkpoint), "environment": (try? session.json()) ?? .null,
    ])
  }
}
