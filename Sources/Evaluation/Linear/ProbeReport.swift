import Collectives
import Foundations
import Tensors

/// What the online probe makes of test images.
public struct ProbeReport: Sendable {
  public let predictions: Predictions

  /// Every rank calls it.
  ///
  /// - Parameter test: With the features that the probe was trained on, and labels.
  /// - Returns: nil on other ranks than 0.
  /// - Throws: `CollectiveError`.
  public static func make(
    _ probe: OnlineProbe, on test: Extraction, pool: WorkerPool, communicator: Communicator
  ) throws -> ProbeReport? {
    let own = LabelledMatrix(
      test.features, labels: test.labels ?? [], classCount: probe.classifier.classCount)
    return try probe.classifier.predictions(of: own, 0..<own.rows, pool: pool)
      .gathered(on: communicator).map(ProbeReport.init)
  }

  /// Its accuracies in percent.
  public var json: JSONValue {
    .object(["top1": .number(predictions.top1), "top5": .number(predictions.top5)])
  }

  /// With how often images of a class (rows) were taken for another (columns).
  public var detailedJSON: JSONValue {
    .object([
      "top1": .number(predictions.top1), "top5": .number(predictions.top5),
      "confusion": .list(predictions.confusion.map { .list($0.map(JSONValue.integer)) }),
    ])
  }
}
