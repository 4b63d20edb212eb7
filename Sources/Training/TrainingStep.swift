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
  /// - Parameters:
  ///   - images: NCHW, in the pass's row order.
  ///   - annealing: p of the bound loss.
  /// - Throws: `LayerError.nonFinite` naming the layer where a value that is not finite first appeared.
  public func run(_ images: Tensor, annealing: Double, in pass: Pass) throws -> Result {
    let features = try model.backbone.forward(images, in: pass)
    var terms: [Budget.Terms] = []
    if let budget {
      terms = try openChannels(in: pass).map {
        budget.terms(open: $0, images: pass.globalImages, annealing: annealing, macs: macs)
      }
      pass.maskGradients = terms.map(\.maskGradients)
    }
    let (objective, dfeatures) = try pass.timed(.loss) {
      try model.objective.lossAndGradient(features: features, in: pass)
    }
    let result = Result(objective: objective, views: terms)
    guard result.total.isFinite else { throw LayerError.nonFinite(layer: "loss") }
    try model.backbone.backward(dfeatures, in: pass)
    return result
  }

  /// Σ mask over all images and channels of the global batch, by view and block. Counted as whole numbers,
  /// so that no order of addition matters; soft masks (gradient checks) are added as they are.
  private func openChannels(in pass: Pass) throws -> [[Double]] {
    let gates = pass.gates.count
    if pass.softGates {
      let rows = (0..<pass.shards).flatMap { shard in
        (0..<pass.views).flatMap { view in
          pass.gates.map { gate in
            pass.rows(ofShard: shard, view: view).reduce(0.0) { sum, row in
              (0..<gate.mask.imageStride).reduce(sum) { $0 + Double(gate.mask.row(row)[$1]) }
            }
          }
        }
      }
      let sums = try pass.reducer.sum(rows, leaves: pass.shards, width: pass.views * gates)
      return (0..<pass.views).map { view in Array(sums[view * gates..<(view + 1) * gates]) }
    }
    var counts = [Int64](repeating: 0, count: pass.views * gates)
    for (index, gate) in pass.gates.enumerated() {
      for (row, open) in gate.openCounts.enumerated() {
        counts[pass.view(ofRow: row) * gates + index] += Int64(open)
      }
    }
    let sums = try pass.reducer.sum(counts)
    return (0..<pass.views).map { view in sums[view * gates..<(view + 1) * gates].map(Double.init) }
  }
}
