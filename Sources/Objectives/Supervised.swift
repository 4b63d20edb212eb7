import Foundations
import Layers
import Networks
import Tensors

/// Learning from labels with the trainer of the other objectives: a linear classifier on the features, and
/// cross-entropy (`CrossEntropy`) with the class of each image.
public final class Supervised: Objective {
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
    /// The logits and their gradient as arrays.
    public func workingFloats(rows: Int, globalRows: Int) -> Double {
      2 * Double(rows) * Double(classes ?? 0)
    }
    /// Logits of few classes have few directions by nature: that they are alike is no alarm.
    public var collapseAdvice: String? { nil }
    public var needsLabels: Bool { true }
    public var classCount: Int? { classes }
    public func settled(classCount: Int) -> Self { Settings(classes: classes ?? classCount) }

    public func makeObjective(featureCount: Int) -> any Objective {
      Supervised(self, featureCount: featureCount)
    }
  }

  /// One linear layer with bias: logits `[rows, classes]`.
  public let classifier: MLP

  /// - Parameter settings: With the number of classes.
  public init(_ settings: Settings, featureCount: Int) {
    guard let classes = settings.classes else { preconditionFailure("the classes are settled with the data") }
    classifier = MLP("classifier", inFeatures: featureCount, [.init(outFeatures: classes, bias: .learned)])
  }

  public var heads: [MLP] { [classifier] }
  public var constantRateParameters: [Parameter] { [] }

  public func forward(_ features: Tensor, in pass: Pass) throws -> Embeddings {
    Embeddings(projections: try classifier.forward(features, in: pass))
  }

  /// - Parameter batch: With labels below the number of classes.
  public func lossAndGradient(
    _ embeddings: Embeddings, batch: StepBatch, in pass: Pass
  ) throws -> (loss: Double, gradient: Tensor) {
    guard let labels = batch.labels() else { preconditionFailure("the images have labels") }
    let (loss, dlogits) = try CrossEntropy.lossAndGradient(
      embeddings.projections, targets: batch.layout.byRow(labels), in: pass)
    return (loss, dlogits)
  }

  public func backward(_ gradient: Tensor, in pass: Pass) throws -> Tensor {
    try classifier.backward(gradient, in: pass)
  }
}

extension ObjectiveKind {
  public static let supervised = ObjectiveKind(of: Supervised.Settings.self)
}
