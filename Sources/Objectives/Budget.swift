import Foundation
import Layers
import Networks

/// What pulls a gated network's cost to its target: budget loss and bound loss of [K].
///
/// Per view, over the *global* batch: R = (Σ_b mean MACs of block b + gates + stem) / dense,
/// budget = λ·(R − t_d)²; with densities d_b and q = √t_d, bound = γ·mean_b [ReLU(p·q − d_b)² +
/// ReLU(d_b − 1 + p − p·q)²].
public struct Budget: Sendable, Equatable {
  /// How the bound loss turns the target share of MACs into one of channels.
  public enum BoundTarget: String, Sendable, CaseIterable {
    /// q = √t_d, as in [K] and [D].
    case sqrt
    /// q = t_d.
    case linear
  }

  /// t_d: the target share of the dense network's MACs, in (0, 1].
  public var target: Double
  /// λ.
  public var lambda: Double
  /// γ.
  public var gamma: Double
  public var boundTarget: BoundTarget

  public init(target: Double, lambda: Double = 5, gamma: Double = 1, boundTarget: BoundTarget = .sqrt) {
    self.target = target
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
    /// R: mean MACs as a share of the dense network's.
    public let macsShare: Double
    /// d_b: open channels as a share of all, per block.
    public let densities: [Double]
    /// ∂(budget + bound)/∂mask, per block.
    public let maskGradients: [MaskGradient]
  }

  /// - Parameters:
  ///   - open: Σ mask over all images and channels, per block; whole numbers but in gradient checks.
  ///   - images: Images of the view over all ranks.
  ///   - annealing: p.
  public func terms(open: [Double], images: Int, annealing p: Double, macs: MACs) -> Terms {
    let dense = Double(macs.dense)
    let variable = zip(macs.blocks, open).reduce(0.0) { $0 + Double($1.0.perOpenChannel) * $1.1 }
    let share = (Double(macs.allClosed) + variable / Double(images)) / dense
    let excess = share - target

    let q = boundTarget == .sqrt ? target.squareRoot() : target
    var densities: [Double] = []
    var gradients: [MaskGradient] = []
    var bound = 0.0
    for (block, open) in zip(macs.blocks, open) {
      let values = Double(images * block.outChannels)
      let density = open / values
      let below = max(p * q - density, 0)
      let above = max(density - 1 + p - p * q, 0)
      bound += below * below + above * above
      densities.append(density)
      gradients.append(
        MaskGradient(
          all: 2 * lambda * excess * Double(block.perOpenChannel) / (Double(images) * dense),
          open: 2 * gamma * (above - below) / (Double(macs.blocks.count) * values)))
    }
    return Terms(
      budget: lambda * excess * excess, bound: gamma * bound / Double(macs.blocks.count),
      macsShare: share, densities: densities, maskGradients: gradients)
  }
}
