import Foundations
import Layers
import Tensors

/// Learning from labels with the trainer of the other objectives: `Classification` by the class of each image.
public enum Supervised {
  public struct Settings: ObjectiveSettings {
    /// Outputs of the classifier; nil: the classes of the data.
    public var classes: Int?

    public init(classes: Int? = nil) { self.classes = classes }

    /// Predictions keep a class in 16 bits, of which one value means none.
    public static let largestClassCount = 65534

    public static let name = "supervised"
    public static let keys: [Setting<Self>] = [
      .init("classes", \.classes, .optional(.wholeNumber(1...largestClassCount), or: "auto"))
    ]

    public var views: Int { 1 }
    public func negativesPerAnchor(globalBatchSize: Int) -> Int? { nil }
    public func workingFloats(rows: Int, globalRows: Int) -> Double {
      Classification.workingFloats(rows: rows, classes: classes ?? 0)
    }
    /// Logits of few classes have few directions by nature: that they are alike is no alarm.
    public var collapseAdvice: String? { nil }
    public var needsLabels: Bool { true }
    public var classCount: Int? { classes }
    public func settled(classCount: Int) -> Self { Settings(classes: classes ?? classCount) }

    /// Its batches have labels below the number of classes.
    public func makeObjective(featureCount: Int) -> any Objective {
      guard let classes else { preconditionFailure("the classes are settled with the data") }
      return Classification(classes: classes, featureCount: featureCount) { batch in
        guard let labels = batch.labels() else { preconditionFailure("the images have labels") }
        return batch.layout.byRow(labels)
      }
    }
  }
}

extension ObjectiveKind {
  public static let supervised = ObjectiveKind(of: Supervised.Settings.self)
}
