import Foundations
import Layers
import Networks
import Tensors

/// SimSiam [X]: a projector, a predictor, and the negative cosine with stop-gradient.
public final class SimSiam: Objective {
  public struct Settings: ObjectiveSettings {
    /// Widths of the projector's hidden layers, which are equal, and of its output.
    public var projector: [Int]
    /// Width of the predictor's hidden layer.
    public var predictorHidden: Int

    public init(projector: [Int] = [2048, 2048], predictorHidden: Int = 512) {
      self.projector = projector
      self.predictorHidden = predictorHidden
    }

    public static let name = "simsiam"
    public static let keys: [Setting<Self>] = [
      .init("projector", \.projector, .widths("hidden", "output")),
      .init("predictor_hidden", \.predictorHidden, .wholeNumber(1...65536)),
    ]

    public var views: Int { 2 }
    public func negativesPerAnchor(globalBatchSize: Int) -> Int? { nil }
    public func workingFloats(rows: Int, globalRows: Int) -> Double { 0 }
    public var collapseAdvice: String? { "a larger batch.global" }

    public func makeObjective(featureCount: Int) -> any Objective {
      SimSiam(self, featureCount: featureCount)
    }
  }

  public let projector: MLP
  public let predictor: MLP

  /// Projector: twice Linear (no bias), BN, ReLU; then Linear with a frozen bias and a batch norm without affine.
  /// Predictor: Linear (no bias), BN, ReLU, Linear (bias) back to the projector's width.
  public init(_ settings: Settings, featureCount: Int) {
    let (hidden, output) = (settings.projector[0], settings.projector[1])
    projector = MLP(
      "projector", inFeatures: featureCount,
      [
        .init(outFeatures: hidden, batchNorm: true, relu: true),
        .init(outFeatures: hidden, batchNorm: true, relu: true),
        .init(outFeatures: output, bias: .frozen, batchNorm: false),
      ])
    predictor = MLP(
      "predictor", inFeatures: output,
      [
        .init(outFeatures: settings.predictorHidden, batchNorm: true, relu: true),
        .init(outFeatures: output, bias: .learned),
      ])
  }

  public var heads: [MLP] { [projector, predictor] }
  public var constantRateParameters: [Parameter] { predictor.parameters }

  public func forward(_ features: Tensor, in pass: Pass) throws -> Embeddings {
    let z = try projector.forward(features, in: pass)
    return Embeddings(projections: z, predictions: try predictor.forward(z, in: pass))
  }

  public func lossAndGradient(
    _ embeddings: Embeddings, batch: StepBatch, in pass: Pass
  ) throws -> (loss: Double, gradient: Tensor) {
    guard let predictions = embeddings.predictions else { preconditionFailure("SimSiam has a predictor") }
    let (loss, dp) = try NegativeCosine.lossAndGradient(
      predictions: predictions, targets: embeddings.projections, in: pass)
    return (loss, dp)
  }

  public func backward(_ gradient: Tensor, in pass: Pass) throws -> Tensor {
    try projector.backward(try predictor.backward(gradient, in: pass), in: pass)
  }
}

extension ObjectiveKind {
  public static let simsiam = ObjectiveKind(of: SimSiam.Settings.self)
}
