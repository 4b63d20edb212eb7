import Foundations
import Layers
import Networks
import Tensors

/// Instance discrimination: each image is a class of its own, told apart from others by a memory bank.
///
/// Source: Wu, Xiong, Yu, Lin, "Unsupervised Feature Learning via Non-Parametric Instance Discrimination" (2018).
/// Formulas are beside `NoiseContrast`.
public final class NPID: Objective {
  public struct Settings: ObjectiveSettings {
    /// Numbers of an image's vector.
    public var dimension: Int
    /// m: images that each image is told apart from, drawn with repetition; at most as many as there are.
    public var noise: Int
    /// τ.
    public var temperature: Double
    /// The share that a row of the bank keeps of itself.
    public var momentum: Double
    /// λ: weight of the squared distance from an image's own row.
    public var proximal: Double

    public init(
      dimension: Int = 128, noise: Int = 4096, temperature: Double = 0.07, momentum: Double = 0.5,
      proximal: Double = 0
    ) {
      self.dimension = dimension
      self.noise = noise
      self.temperature = temperature
      self.momentum = momentum
      self.proximal = proximal
    }

    public static let name = "npid"
    public static let keys: [Setting<Self>] = [
      .init("dimension", \.dimension, .wholeNumber(1...65536)),
      .init("noise", \.noise, .wholeNumber(1...)),
      .init("temperature", \.temperature, .number(.atLeast(NoiseContrast.smallestTemperature))),
      .init("momentum", \.momentum, .number(.within(0, 1))),
      .init("proximal", \.proximal, .number(.atLeast(0))),
    ]

    public var views: Int { 1 }
    public func negativesPerAnchor(globalBatchSize: Int) -> Int? { noise }
    /// Everybody's vectors, and sums of a loss and a gradient for each.
    public func workingFloats(rows: Int, globalRows: Int) -> Double {
      Double(globalRows) * Double(dimension)
        + NoiseContrast.workingFloats(globalRows: globalRows, width: 1 + dimension)
    }
    public func rememberedFloats(imageCount: Int) -> Double { Double(imageCount) * Double(dimension) }
    public var collapseAdvice: String? { "another objective.npid.temperature" }

    public func conflict(imageCount: Int) -> String? {
      guard noise > imageCount else { return nil }
      return
        "objective.npid.noise is \(noise), the data set has \(imageCount) images: use \(imageCount) at most"
    }

    public func makeObjective(featureCount: Int) -> any Objective { NPID(self, featureCount: featureCount) }
  }

  /// One linear layer with bias.
  public let projector: MLP
  private let settings: Settings
  /// nil before the first step.
  private var memory: (bank: MemoryBank, normalizer: Double)?

  public init(_ settings: Settings, featureCount: Int) {
    self.settings = settings
    projector = MLP(
      "projector", inFeatures: featureCount, [.init(outFeatures: settings.dimension, bias: .learned)])
  }

  public var heads: [MLP] { [projector] }
  public var constantRateParameters: [Parameter] { [] }

  public func forward(_ features: Tensor, in pass: Pass) throws -> Embeddings {
    Embeddings(projections: try projector.forward(features, in: pass))
  }

  /// Also moves the rows of the batch's images in the memory bank. The first step makes the bank and decides Z.
  public func lossAndGradient(
    _ embeddings: Embeddings, batch: StepBatch, in pass: Pass
  ) throws -> (loss: Double, gradient: Tensor) {
    precondition(pass.layout.rowsPerImage == 1, "a row of the bank is compared with one row of the batch")
    let own = try UnitRows(embeddings.projections, in: pass)
    let bank =
      memory?.bank
      ?? MemoryBank(
        imageCount: batch.imageCount, dimension: settings.dimension, seed: batch.seed,
        rank: pass.reducer.rank, worldSize: pass.reducer.worldSize)
    let images = try batch.globalIndices(over: pass.reducer)
    let contrast = NoiseContrast(
      temperature: settings.temperature, proximal: settings.proximal, bank: bank, images: images,
      units: try pass.reducer.gather(own.units)
    ) { [noise = settings.noise] row in
      RandomDraws(seed: batch.seed, purpose: .noise, index: images[row], epoch: batch.epoch)
        .integers(noise, below: bank.imageCount)
    }
    let normalizer = try memory?.normalizer ?? contrast.normalizer(noiseCount: settings.noise, in: pass)
    let (loss, dx) = try contrast.lossAndGradient(
      own, normalizer: normalizer, noiseCount: settings.noise, in: pass)
    for (row, image) in images.enumerated() {
      bank.move(image, towards: contrast.units.row(row), momentum: settings.momentum)
    }
    memory = (bank, normalizer)
    return (loss, dx)
  }

  public func backward(_ gradient: Tensor, in pass: Pass) throws -> Tensor {
    try projector.backward(gradient, in: pass)
  }

  // MARK: Checkpoints

  /// The bank, row i for image i, and Z.
  public func remembered(by rank: Int) -> [RememberedRows] {
    guard let (bank, normalizer) = memory else { return [] }
    return [
      .init(name: "memory_bank", shape: [bank.imageCount, bank.dimension], own: bank.ownRows),
      .init(name: "normalizer", shape: [1], own: rank == 0 ? [Float(normalizer)] : []),
    ]
  }

  public func restore(_ file: SafetensorsFile, imageCount: Int, rank: Int, worldSize: Int) -> Bool {
    guard file.shape(of: "memory_bank") == [imageCount, settings.dimension],
      file.shape(of: "normalizer") == [1], let rows = try? file.floats("memory_bank"),
      let normalizer = try? file.floats("normalizer")
    else { return false }
    let bank = MemoryBank(rows, dimension: settings.dimension, rank: rank, worldSize: worldSize)
    memory = (bank, Double(normalizer[0]))
    return true
  }
}

extension ObjectiveKind {
  public static let npid = ObjectiveKind(of: NPID.Settings.self)
}
