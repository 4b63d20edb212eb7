import Foundation
import Layers
import Networks

/// What pulls a gated network's cost to its target: budget loss and bound loss of [K]. The cost is MACs, or time by a table
/// of what an open channel takes (ours).
///
/// A budget of MACs counts masks with their noise, as [K]'s does. One of time counts those without: gates that are not
/// decided yet open other channels in evaluation, whose time is what was asked for. Gradients are the same.
///
/// Per view, over the *global* batch of B images: R = share of the mean cost of an image (`GateCost`), budget =
/// λ·(R − t_d)²; with the densities d_g of gates and q = √t_d, bound = γ·mean_g [ReLU(p·q − d_g)² +
/// ReLU(d_g − 1 + p − p·q)²].
/// [K] has one gate in a block; where there are two, each counts by itself (ours).
///
/// **Gradients at a mask.** Image i's gate g opens n_ig = Σ_c m_igc channels, and R = Σ_i (cost(n_i) − base) / (B·scale)
/// with the polynomial of `GateCost`, so
///
///   ∂budget/∂m_igc = 2λ(R − t_d) · ∂cost/∂n_g(n_i) / (B·scale),
///
/// the same for every channel c. In a basic block the MACs' ∂cost/∂n = 9·H'·W'·(C_in + C_out) for all images, as time's is
/// what the table says. In a bottleneck
///
///   ∂cost/∂n₁ = C_in·H·W + 9·H'·W'·n₂,   ∂cost/∂n₂ = C_out·H'·W' + 9·H'·W'·n₁
///
/// depend on the other gate's count *of the same image*: one more channel of conv₁ costs as many channels of conv₂ as
/// this image has open. Counts are those of forward, so those of hard masks while training: the straight-through
/// estimator changes what ∂m becomes at the logits, not where ∂cost/∂n is taken.
///
/// d_g = Σ_i |n_ig| / (B·C) by [K]'s 1-norm, whose derivative by m is its sign: ∂bound/∂m_igc =
/// 2γ·(ReLU(d_g − 1 + p − p·q) − ReLU(p·q − d_g)) / (gates·B·C) for open channels, 0 for closed ones.
public struct Budget: Sendable, Equatable {
  /// How the bound loss turns the target share of the cost into one of channels.
  public enum BoundTarget: String, Sendable, CaseIterable {
    /// q = √t_d, as in [K] and [D].
    case sqrt
    /// q = t_d.
    case linear
  }

  /// t_d: the target share of the cost, in (0, 1].
  public var target: Double
  /// The time of an image in microseconds; nil: MACs are what is budgeted.
  public var latency: GateCost?
  /// λ.
  public var lambda: Double
  /// γ.
  public var gamma: Double
  public var boundTarget: BoundTarget

  public init(
    target: Double, latency: GateCost? = nil, lambda: Double = 5, gamma: Double = 1,
    boundTarget: BoundTarget = .sqrt
  ) {
    self.target = target
    self.latency = latency
    self.lambda = lambda
    self.gamma = gamma
    self.boundTarget = boundTarget
  }

  /// p = exp(−α·epoch): how tightly the bounds hold in an epoch, 1 at the start.
  public static func annealing(alpha: Double, epoch: Int) -> Double { exp(-alpha * Double(epoch)) }

  /// The losses of one view and what they are made from.
  public struct Terms: Sendable {
    public let budget: Double
    public let bound: Double
    /// Mean MACs as a share of the dense network's: R where they are what is budgeted.
    public let macsShare: Double
    /// Mean time of an image in evaluation in microseconds, as the table predicts it; nil where MACs are budgeted.
    public let latency: Double?
    /// d_g: open channels as a share of all, by gate.
    public let densities: [Double]
    /// ∂bound/∂mask of an open channel, by gate.
    public let boundGradients: [Double]
    /// 2λ(R − t_d), and B·dense.
    let pull: Double
    let scale: Double

    /// ∂budget/∂mask of a channel.
    ///
    /// - Parameter slope: What it costs its image: ∂cost/∂n.
    public func budgetGradient(perOpenChannel slope: Double) -> Double { pull * slope / scale }
  }

  /// What is budgeted of a network with these MACs.
  public func cost(_ macs: MACs) -> GateCost { latency ?? GateCost(macs) }

  /// - Parameters:
  ///   - usage: Of the view, over the global batch.
  ///   - budgeted: Whose cost is pulled to the target; nil: of `usage` as well.
  ///   - annealing: p.
  public func terms(
    _ usage: GateUsage, budgeted: GateUsage? = nil, annealing p: Double, macs: MACs
  ) -> Terms {
    let cost = cost(macs)
    let share = cost.share(budgeted ?? usage)
    let excess = share - target
    let q = boundTarget == .sqrt ? target.squareRoot() : target
    let gates = Double(usage.open.count)
    var densities: [Double] = []
    var gradients: [Double] = []
    var bound = 0.0
    for (gate, channels) in macs.channels.enumerated() {
      let density = usage.density(of: gate, macs)
      let below = max(p * q - density, 0)
      let above = max(density - 1 + p - p * q, 0)
      bound += below * below + above * above
      densities.append(density)
      gradients.append(2 * gamma * (above - below) / (gates * Double(usage.images * channels)))
    }
    return Terms(
      budget: lambda * excess * excess, bound: gamma * bound / gates, macsShare: macs.share(usage),
      latency: latency.map { $0.cost(ofShare: share) }, densities: densities, boundGradients: gradients,
      pull: 2 * lambda * excess, scale: Double(usage.images) * cost.scale)
  }

  /// ∂(budget + bound)/∂mask of each gate at the rows of a pass.
  ///
  /// - Parameters:
  ///   - terms: By view.
  ///   - open: By row and gate: open channels.
  public func maskGradients(
    _ terms: [Terms], open: [[Double]], in pass: Pass, macs: MACs
  ) -> [MaskGradient] {
    let cost = cost(macs)
    return macs.channels.indices.map { gate in
      MaskGradient(
        all: open.enumerated().map { row, open in
          terms[pass.layout.view(ofRow: row)].budgetGradient(
            perOpenChannel: cost.slope(of: gate, open: open))
        },
        open: open.indices.map { terms[pass.layout.view(ofRow: $0)].boundGradients[gate] })
    }
  }
}
