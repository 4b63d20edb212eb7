import Layers
import Networks
import Objectives
import Tensors

/// Forward and backward of one global batch.
public struct TrainingStep {
  public let model: Model
  /// nil where there are no gates.
  public let budget: Budget?
  public let macs: MACs

  /// What a step measured, over the global batch and equal on each rank.
  public struct Result: Sendable {
    /// The objective (contrastive) loss.
    public let objective: Double
    /// Budget and bound terms of each view; none without gates.
    public let views: [Budget.Terms]

    public var budget: Double { views.reduce(0) { $0 + $1.budget } }
    public var bound: Double { views.reduce(0) { $0 + $1.bound } }
    public var total: Double { objective + budget + bound }
    /// Mean over views; 1 without gates.
    public var macsShare: Double {
      views.isEmpty ? 1 : views.reduce(0) { $0 + $1.macsShare } / Double(views.count)
    }
    /// Open channels as a share of all, per block, mean over views.
    public var densities: [Double] {
      guard let first = views.first else { return [] }
      return first.densities.indices.map { block in
        views.reduce(0) { $0 + $1.densities[block] } / Double(views.count)
      }
    }
  }

  public init(model: Model, budget: Budget?, macs: MACs) {
    self.model = model
    self.budget = model.backbone.configuration.gated ? budget : nil
    self.macs = macs
  }

  /// Computes loss and gradients: objective + Σ_views (budget + bound).
  ///
  /// In several micro-batches every one goes forward twice: first for the embeddings, which are all that is kept of
  /// it, then, when the loss over the global batch and its gradient at the embeddings are known, with its backward.
  /// What gates did is counted the first time, over all micro-batches. Source: Gao et al., "Scaling Deep Contrastive
  /// Learning Batch Size under Memory Limited Setup" (2021), Section 3.
  ///
  /// - Parameters:
  ///   - images: NCHW, in the pass's row order.
  ///   - annealing: p of the bound loss.
  ///   - microBatches: How many the batch is taken in; see `Pass.microBatches`.
  /// - Throws: `LayerError.nonFinite` naming the layer where a value that is not finite first appeared.
  public func run(
    _ images: Tensor, annealing: Double, in pass: Pass, microBatches: Int = 1
  ) throws -> Result {
    let parts = microBatches == 1 ? [pass] : pass.microBatches(microBatches)
    let embeddings = try forward(images, through: parts, of: pass)
    var terms: [Budget.Terms] = []
    if let budget {
      terms = try openChannels(in: parts, of: pass).map {
        budget.terms(open: $0, images: pass.globalImages, annealing: annealing, macs: macs)
      }
    }
    let (objective, gradient) = try pass.timed(.loss) {
      try pass.projectionsAreReady(embeddings.projections)
      return try model.objective.lossAndGradient(embeddings, in: pass)
    }
    let result = Result(objective: objective, views: terms)
    guard result.total.isFinite else { throw LayerError.nonFinite(layer: "loss") }
    for part in parts {
      part.maskGradients = terms.map(\.maskGradients)
      if microBatches > 1 {
        part.rewind()
        _ = try forward(part.part(of: images), in: part)
      }
      let dfeatures = try pass.timed(.loss) {
        try model.objective.backward(microBatches > 1 ? part.part(of: gradient) : gradient, in: part)
      }
      try model.backbone.backward(dfeatures, in: part)
    }
    return result
  }

  private func forward(_ images: Tensor, in pass: Pass) throws -> Embeddings {
    let features = try model.backbone.forward(images, in: pass)
    return try pass.timed(.loss) { try model.objective.forward(features, in: pass) }
  }

  /// The embeddings of all parts, in the order of the whole pass's rows.
  private func forward(_ images: Tensor, through parts: [Pass], of pass: Pass) throws -> Embeddings {
    guard parts.count > 1 else { return try forward(images, in: pass) }
    var whole: Embeddings?
    for part in parts {
      let own = try forward(part.part(of: images), in: part)
      let all =
        whole
        ?? Embeddings(
          projections: Tensor(rows: pass.rows, columns: own.projections.channels),
          predictions: own.predictions.map { Tensor(rows: pass.rows, columns: $0.channels) })
      part.put(own.projections, into: all.projections)
      if let predictions = own.predictions, let target = all.predictions {
        part.put(predictions, into: target)
      }
      whole = all
    }
    guard let whole else { preconditionFailure("a pass has at least one part") }
    return whole
  }

  /// Σ mask over all images and channels of the global batch, by view and block. Counted as whole numbers,
  /// so that no order of addition matters; soft masks (gradient checks) are added as they are.
  private func openChannels(in parts: [Pass], of pass: Pass) throws -> [[Double]] {
    let gates = model.backbone.blocks.count
    if pass.softGates {
      let rows = parts.flatMap { part in
        (0..<part.shards).flatMap { shard in
          (0..<part.views).flatMap { view in
            part.gates.map { gate in
              part.rows(ofShard: shard, view: view).reduce(0.0) { sum, row in
                (0..<gate.mask.rowStride).reduce(sum) { $0 + Double(gate.mask.row(row)[$1]) }
              }
            }
          }
        }
      }
      let sums = try pass.reducer.sum(rows, leaves: pass.shards, width: pass.views * gates)
      return (0..<pass.views).map { view in Array(sums[view * gates..<(view + 1) * gates]) }
    }
    var counts = [Int64](repeating: 0, count: pass.views * gates)
    for part in parts {
      for (index, gate) in part.gates.enumerated() {
        for (row, open) in gate.openCounts.enumerated() {
          counts[part.view(ofRow: row) * gates + index] += Int64(open)
        }
      }
    }
    let sums = try pass.reducer.sum(counts)
    return (0..<pass.views).map { view in sums[view * gates..<(view + 1) * gates].map(Double.init) }
  }
}
