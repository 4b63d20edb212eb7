import Foundations
import Layers
import Networks
import Tensors

/// SimCLR [S]: a projector and NT-Xent.
public final class SimCLR: Objective {
  public struct Settings: ObjectiveSettings {
    /// τ of NT-Xent, at least `NTXent.smallestTemperature`.
    public var temperature: Double
    /// Widths of the projector's hidden and output layers.
    public var projector: [Int]

    public init(temperature: Double = 0.2, projector: [Int] = [2048, 256]) {
      self.temperature = temperature
      self.projector = projector
    }

    public static let name = "simclr"
    public static let keys: [Setting<Self>] = [
      .init("temperature", \.temperature, .number(.atLeast(NTXent.smallestTemperature))),
      .init("projector", \.projector, .widths("hidden", "output")),
    ]

    public var views: Int { 2 }
    public func negativesPerAnchor(globalBatchSize: Int) -> Int? { views * globalBatchSize - 2 }
    /// The similarities of every own row to every row.
    public func workingFloats(rows: Int, globalRows: Int) -> Double { Double(rows) * Double(globalRows) }
    public var collapseAdvice: String? { "another objective.simclr.temperature" }

    public func makeObjective(featureCount: Int) -> any Objective { SimCLR(self, featureCount: featureCount) }
  }

  public let projector: MLP
  public let loss: NTXent

  /// Projector: Linear (no bias), BN, ReLU, Linear (bias).
  public init(_ settings: Settings, featureCount: Int) {
    projector = MLP(
      "projector", inFeatures: featureCount,
      [
        .init(outFeatures: settings.projector[0], batchNorm: true, relu: true),
        .init(outFeatures: settings.projector[1], bias: .learned),
      ])
    loss = NTXent(temperature: settings.temperature)
  }

  public var heads: [MLP] { [projector] }
  public var constantRateParameters: [Parameter] { [] }

  public func forward(_ features: Tensor, in pass: Pass) throws -> Embeddings {
    Embeddings(projections: try projector.forward(features, in: pass))
  }

  public func lossAndGradient(
    _ embeddings: Embeddings, batch: StepBatch, in pass: Pass
  ) throws -> (loss: Double, gradient: Tensor) {
    let (loss, dz) = try loss.lossAndGradient(embeddings.projections, in: pass)
    return (loss, dz)
  }

  public func backward(_ gradient: Tensor, in pass: Pass) throws -> Tensor {
    try projector.backward(gradient, in: pass)
  }
}

extension ObjectiveKind {
  public static let simclr = ObjectiveKind(of: SimCLR.Settings.self)
}
