import Collectives
import Layers
import Networks
import Objectives
import Tensors

/// A step of a model as training takes it, up to the update: forward and backward of a global batch, and the sum of
/// its gradients over ranks while backward still runs. Benchmarks and tests take the same one.
public final class TrainingStep {
  /// What does not change the loss that a step is after: how much memory it takes, and how it is checked.
  public struct Settings: Equatable, Sendable {
    /// How many micro-batches a batch is taken in; see `Pass.microBatches`.
    public var microBatches = 1
    /// Takes less memory and one forward pass more, for the same bits.
    public var recomputes = false
    public var mode = Pass.Mode.training
    /// Makes the loss differentiable: for gradient checks only.
    public var softGates = false
    /// Whether convolutions leave out closed channels where that is faster. It changes no bit.
    public var skipsClosedChannels = true

    public init() {}
  }

  /// What a step measured, over the global batch and equal on each rank unless it is said to be of this rank.
  public struct Result: Sendable {
    /// The objective (contrastive) loss.
    public let objective: Double
    /// Budget and bound terms of each view; none without gates.
    public let views: [Budget.Terms]
    /// What entered the loss: `[rows, D]`, of this rank's rows.
    public let projections: Tensor
    /// What the backbone made of this rank's rows, `[rows, D]`.
    public let features: Tensor
    /// What gates decided for this rank's rows: one micro-batch after the other, each in the order of forward.
    public let gates: [GateRecord]
    /// How long this rank waited for the sums of gradients.
    public let gradientWaits: GradientWaits

    public var budget: Double { views.reduce(0) { $0 + $1.budget } }
    public var bound: Double { views.reduce(0) { $0 + $1.bound } }
    public var total: Double { objective + budget + bound }
    /// Mean over views; 1 without gates.
    public var macsShare: Double {
      views.isEmpty ? 1 : views.reduce(0) { $0 + $1.macsShare } / Double(views.count)
    }
    /// Time of an image in microseconds as the budget's table predicts it, mean over views; nil where MACs are budgeted.
    public var latency: Double? {
      let latencies = views.compactMap(\.latency)
      return latencies.isEmpty ? nil : latencies.reduce(0, +) / Double(latencies.count)
    }
    /// Open channels as a share of all, by gate, mean over views.
    public var densities: [Double] {
      guard let first = views.first else { return [] }
      return first.densities.indices.map { gate in
        views.reduce(0) { $0 + $1.densities[gate] } / Double(views.count)
      }
    }
  }

  public let model: Model
  /// nil where there are no gates.
  public let budget: Budget?
  private let macs: MACs
  public let settings: Settings
  private let pool: WorkerPool
  private let reducer: any ShardReducer
  private let gradients: any GradientSink

  /// - Parameters:
  ///   - reducer: Sums statistics over ranks.
  ///   - gradients: Sums the gradients in the model's store over the same ranks.
  public init(
    model: Model, budget: Budget?, settings: Settings = Settings(), pool: WorkerPool,
    reducer: any ShardReducer = LocalShards(), gradients: any GradientSink = LocalGradients()
  ) {
    self.model = model
    self.budget = model.backbone.blueprint.gates.isEmpty ? nil : budget
    macs = MACs(model.backbone.blueprint)
    self.settings = settings
    self.pool = pool
    self.reducer = reducer
    self.gradients = gradients
  }

  /// Computes loss and gradients: objective + Σ_views (budget + bound). The store then holds the gradients of the
  /// global batch.
  ///
  /// In several micro-batches every one goes forward twice: first for the embeddings, which are all that is kept of
  /// it, then, when the loss over the global batch and its gradient at the embeddings are known, with its backward.
  /// What gates did is counted the first time, over all micro-batches. Source: Gao et al., "Scaling Deep Contrastive
  /// Learning Batch Size under Memory Limited Setup" (2021), Section 3.
  ///
  /// - Parameters:
  ///   - noise: Needed where gates learn.
  ///   - annealing: p of the bound loss.
  ///   - clock: Takes the time of the step's parts.
  ///   - trace: Learns what this rank brought to the others, and what they answered.
  /// - Throws: `LayerError.nonFinite` naming the layer where a non-finite value first appeared;
  ///   `CollectiveError`.
  public func run(
    _ batch: StepBatch, noise: (any GateNoise)?, annealing: Double,
    clock: StepClock? = nil, trace: StepTrace? = nil
  ) throws -> Result {
    let reducer = trace?.following(reducer) ?? reducer
    let sender = GradientSender(model.store, to: gradients, clock: clock, trace: trace)
    let pass = Pass(
      settings.mode, batch.layout,
      in: Surroundings(
        pool: pool, reducer: reducer, clock: clock, listener: sender,
        skipsClosedChannels: settings.skipsClosedChannels),
      noise: noise, softGates: settings.softGates, recomputes: settings.recomputes)
    let isWhole = settings.microBatches == 1
    let parts = isWhole ? [pass] : pass.microBatches(settings.microBatches)

    let (features, embeddings, gates) = try forward(batch.images, through: parts, of: pass)
    let open = budget == nil ? [] : gates.map(\.openByRow)
    let terms =
      try budget.map { try self.terms($0, gates, open, annealing: annealing, in: parts, of: pass) } ?? []
    let (objective, gradient) = try pass.timed(.loss) {
      try model.objective.lossAndGradient(embeddings, batch: batch, in: pass)
    }
    guard terms.reduce(objective, { $0 + $1.budget + $1.bound }).isFinite else {
      throw LayerError.nonFinite(layer: "loss", shards: embeddings.nonFiniteShards(in: batch.layout))
    }
    for (number, part) in parts.enumerated() {
      if !isWhole {
        part.rewind()
        _ = try forward(part.layout.part(of: batch.images), in: part)
      }
      let dfeatures = try pass.timed(.loss) {
        try model.objective.backward(isWhole ? gradient : part.layout.part(of: gradient), in: part)
      }
      let maskGradients =
        budget?.maskGradients(terms, open: open[number], in: part, macs: macs) ?? []
      try model.backbone.backward(dfeatures, maskGradients: maskGradients, in: part)
    }
    return Result(
      objective: objective, views: terms, projections: embeddings.projections, features: features,
      gates: gates.flatMap(\.self),
      gradientWaits: try sender.finish())
  }

  /// Budget and bound terms of each view.
  ///
  /// - Parameters:
  ///   - gates: What they decided, by part.
  ///   - open: By part, row and gate: open channels.
  private func terms(
    _ budget: Budget, _ gates: [[GateRecord]], _ open: [[[Double]]], annealing: Double, in parts: [Pass],
    of pass: Pass
  ) throws -> [Budget.Terms] {
    let usage = try GateUsage.byView(open, in: parts, of: pass, macs)
    let decided =
      budget.latency == nil
      ? nil : try GateUsage.byView(gates.map(\.decidedByRow), in: parts, of: pass, macs)
    return usage.indices.map {
      budget.terms(usage[$0], budgeted: decided?[$0], annealing: annealing, macs: macs)
    }
  }

  private func forward(
    _ images: Tensor, in pass: Pass
  ) throws -> (features: Tensor, embeddings: Embeddings, gates: [GateRecord]) {
    let (features, gates) = try model.backbone.forward(images, in: pass)
    return (features, try pass.timed(.loss) { try model.objective.forward(features, in: pass) }, gates)
  }

  /// Features and embeddings of all parts, in the order of the whole pass's rows, and what gates decided in each.
  private func forward(
    _ images: Tensor, through parts: [Pass], of pass: Pass
  ) throws -> (features: Tensor, embeddings: Embeddings, gates: [[GateRecord]]) {
    guard parts.count > 1 else {
      let (features, embeddings, gates) = try forward(images, in: pass)
      return (features, embeddings, [gates])
    }
    let features = Tensor(rows: pass.rows, columns: model.backbone.blueprint.featureCount)
    var whole: Embeddings?
    var records: [[GateRecord]] = []
    for part in parts {
      let (ownFeatures, own, gates) = try forward(part.layout.part(of: images), in: part)
      records.append(gates)
      part.layout.put(ownFeatures, into: features)
      let all =
        whole
        ?? Embeddings(
          projections: Tensor(rows: pass.rows, columns: own.projections.channels),
          predictions: own.predictions.map { Tensor(rows: pass.rows, columns: $0.channels) })
      part.layout.put(own.projections, into: all.projections)
      if let predictions = own.predictions, let target = all.predictions {
        part.layout.put(predictions, into: target)
      }
      whole = all
    }
    guard let whole else { preconditionFailure("a pass has at least one part") }
    return (features, whole, records)
  }
}

extension Embeddings {
  /// The shards that hold a number that is not finite.
  fileprivate func nonFiniteShards(in layout: RowLayout) -> [Int] {
    let matrices = [projections, predictions].compactMap(\.self).map {
      (values: $0.values, width: $0.channels)
    }
    return (0..<layout.shards).filter { shard in
      let rows = layout.rows(ofShard: shard)
      return matrices.contains { values, width in
        !values[rows.lowerBound * width..<rows.upperBound * width].allSatisfy(\.isFinite)
      }
    }
  }
}

/// Hands gradients over to be summed as backward completes them.
private final class GradientSender: StepListener {
  private let sink: any GradientSink
  private let clock: StepClock?
  private let trace: StepTrace?
  /// What backward has not completed yet, with its place in the store; the next one last.
  private var awaited: [(parameter: Parameter, offset: Int)]

  init(_ store: ParameterStore, to sink: any GradientSink, clock: StepClock?, trace: StepTrace?) {
    self.sink = sink
    self.clock = clock
    self.trace = trace
    awaited = zip(store.parameters, store.offsets).filter { $0.0.isTrainable }.map { ($0, $1) }
  }

  func gradientIsReady(_ parameter: Parameter) throws {
    let next = awaited.popLast()
    // What is sent before it is final would be wrong on other ranks, and on them only.
    precondition(parameter === next?.parameter, "the gradient of \(parameter.name) is ready too early")
    trace?.add(gradientOf: parameter)
    try timed { try sink.ready(downTo: next!.offset) }
  }

  /// MPI works only inside its calls: without these the sums would wait until backward is over.
  func idle() throws { try sink.progress() }

  func finish() throws -> GradientWaits {
    precondition(awaited.isEmpty, "backward left out the gradient of \(awaited[0].parameter.name)")
    return try timed { try sink.finish() }
  }

  private func timed<T>(_ body: () throws -> T) rethrows -> T {
    guard let clock else { return try body() }
    return try clock.time(.gradients, body)
  }
}
