import Foundation
import Layers
import Networks
import Tensors

/// m of [C]: which weights of a network remain. Of its backbone's convolutions, gates' not among them; batch norms, biases,
/// gates and heads are never pruned.
public struct PruningMask: Equatable, Sendable {
  public struct Layer: Equatable, Sendable {
    /// Of the parameter, for example `layer1.0.conv1.weight`.
    public let name: String
    /// [out, in, kernel, kernel].
    public let shape: [Int]
    public let mask: WeightMask
  }

  /// In the order of the network.
  public let layers: [Layer]

  public init(_ layers: [Layer]) { self.layers = layers }

  /// That keeps all weights of some parameters.
  public init(keepingAll parameters: [Parameter]) {
    layers = parameters.map {
      Layer(
        name: $0.name, shape: $0.shape, mask: WeightMask(repeatElement(true, count: $0.count)))
    }
  }

  /// The same layers with other weights.
  ///
  /// - Parameter kept: For each layer whether each of its weights remains.
  func keeping(_ kept: [[Bool]]) -> PruningMask {
    PruningMask(
      zip(layers, kept).map { Layer(name: $0.name, shape: $0.shape, mask: WeightMask($1)) })
  }

  /// Weights, pruned ones included.
  public var prunable: Int { layers.reduce(0) { $0 + $1.mask.count } }
  public var remaining: Int { layers.reduce(0) { $0 + $1.mask.remaining } }
  /// Weights that remain as a share of the prunable ones.
  public var share: Double { prunable == 0 ? 1 : Double(remaining) / Double(prunable) }
  /// Of the first layer that nothing gets through; nil: there is none.
  public var closedLayer: String? { layers.first { $0.mask.remaining == 0 }?.name }

  /// Prunes a network: the other weights are set to zero and stay it.
  ///
  /// - Parameter backbone: With parameters of the layers' names and shapes.
  public func apply(to backbone: any Backbone) {
    let masks = Dictionary(uniqueKeysWithValues: layers.map { ($0.name, $0.mask) })
    for parameter in backbone.parameters { parameter.mask = masks[parameter.name] }
  }
}

extension Backbone {
  /// The weights that pruning looks at: those of convolutions, gates' not among them, in the order of the network.
  ///
  /// - Parameter includesStem: Whether those of the first convolution are among them.
  public func prunableParameters(includesStem: Bool) -> [Parameter] {
    let sites = blueprint.sites.filter { includesStem || !$0.takesImages }
    let names = Set(sites.map { "\($0.name).weight" })
    return parameters.filter { names.contains($0.name) }
  }
}
