import Layers
import Tensors

extension Parameter {
  /// He-normal, fan-out: N(0, 2 / (out·k·k)) for weights [out, in, k, k].
  ///
  /// - Parameter layer: The parameter's place in its model, which its random numbers depend on.
  func fillHeNormal(seed: UInt64, layer: Int) {
    let deviation = Float((2 / Double(shape[0] * shape[2] * shape[3])).squareRoot())
    let draws = RandomDraws(seed: seed, purpose: .initialWeights, layer: layer)
    for i in 0..<count { value[i] = draws.normal(i) * deviation }
  }

  /// U(−1/√fanIn, 1/√fanIn).
  func fillUniform(fanIn: Int, seed: UInt64, layer: Int) {
    let bound = 1 / Float(fanIn).squareRoot()
    let draws = RandomDraws(seed: seed, purpose: .initialWeights, layer: layer)
    for i in 0..<count { value[i] = (2 * draws.uniform(i) - 1) * bound }
  }
}

/// Draws a model's initial weights (papers' conventions): convolutions, gates' included, He-normal fan-out;
/// linear layers uniform; batch norms 1 and 0, the last one of each block 0 where its site says so.
public func initializeWeights(backbone: any Backbone, heads: [MLP], seed: UInt64) {
  let linears = heads.flatMap(\.stages).map(\.linear)
  let fanIn = Dictionary(
    uniqueKeysWithValues: linears.flatMap { linear in
      linear.parameters.map { ($0.name, linear.inFeatures) }
    })
  for (layer, parameter) in (backbone.parameters + heads.flatMap(\.parameters)).enumerated() {
    if parameter.shape.count == 4 {
      parameter.fillHeNormal(seed: seed, layer: layer)
    } else if let fanIn = fanIn[parameter.name] {
      parameter.fillUniform(fanIn: fanIn, seed: seed, layer: layer)
    }
  }
  let zeros = Set(backbone.blueprint.sites.filter(\.startsAtZero).map(\.batchNorm))
  for batchNorm in backbone.batchNorms where zeros.contains(batchNorm.name) {
    batchNorm.weight!.array = Array(repeating: 0, count: batchNorm.channels)
  }
}
