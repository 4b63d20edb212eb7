import Collectives
import Foundations
import Layers
import Networks
import Tensors

/// What a classifier that learns during training makes of test images.
public struct ClassifierReport: Sendable {
  public let predictions: Predictions

  /// Of the online probe; every rank calls it.
  ///
  /// - Parameter test: With the features that the probe was trained on, and labels.
  /// - Returns: nil on other ranks than 0.
  /// - Throws: `CollectiveError`.
  public static func make(
    _ probe: OnlineProbe, on test: Extraction, pool: WorkerPool, communicator: Communicator
  ) throws -> ClassifierReport? {
    let own = LabelledMatrix(
      test.features, labels: test.labels ?? [], classCount: probe.classifier.classCount)
    return try probe.classifier.predictions(of: own, 0..<own.rows, pool: pool)
      .gathered(on: communicator).map(ClassifierReport.init)
  }

  /// Of a head that gives a logit for each class; every rank calls it.
  ///
  /// - Parameters:
  ///   - test: With the head's input as features, and labels.
  ///   - shardSize: Rows that the head takes at once.
  /// - Returns: nil on other ranks than 0.
  /// - Throws: `CollectiveError`.
  public static func make(
    _ head: MLP, on test: Extraction, shardSize: Int, pool: WorkerPool, communicator: Communicator
  ) throws -> ClassifierReport? {
    let own = test.features
    var logits = FeatureMatrix([], dimension: head.outFeatures)
    if own.rows > 0 {
      let features = Tensor(rows: own.rows, columns: own.dimension, own.values)
      let output = try head.forward(
        features, in: Pass(.evaluation, rows: own.rows, shardSize: shardSize, pool: pool))
      logits.values += UnsafeBufferPointer(start: output.pointer, count: output.count)
    }
    return try Predictions(logits: logits, labels: test.labels ?? [])
      .gathered(on: communicator).map(ClassifierReport.init)
  }

  /// Its accuracies in percent.
  public var json: JSONValue { .object(keyed: accuracies) }

  /// With how often images of a class (rows) were taken for another (columns).
  public var detailedJSON: JSONValue {
    .object(
      keyed: accuracies + [
        ("confusion", .list(predictions.confusion.map { .list($0.map(JSONValue.integer)) }))
      ])
  }

  private var accuracies: [(key: String, value: JSONValue)] {
    [("top1", .number(predictions.top1)), ("top5", .number(predictions.top5))]
  }
}
