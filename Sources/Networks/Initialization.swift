import Layers
import Tensors

extension Parameter {
  /// He-normal, fan-out: N(0, 2 / (out·k·k)) for weights [out, in, k, k].
  ///
  /// - Parameter draws: Its random numbers.
  func fillHeNormal(_ draws: RandomDraws) {
    let deviation = Float((2 / Double(shape[0] * shape[2] * shape[3])).squareRoot())
    for i in 0..<count { value[i] = draws.normal(i) * deviation }
  }

  /// U(−1/√fanIn, 1/√fanIn).
  func fillUniform(fanIn: Int, _ draws: RandomDraws) {
    let bound = 1 / Float(fanIn).squareRoot()
    for i in 0..<count { value[i] = (2 * draws.uniform(i) - 1) * bound }
  }
}

/// Draws a model's initial weights (papers' conventions): convolutions, gates' included, He-normal fan-out;
/// linear layers uniform; batch norms 1 and 0, the last one of each block 0 where its site says so.
///
/// - Parameter draw: Which of the seed's draws: each has numbers of its own. Networks begin with 0, others are for those
///   that begin again.
public func initializeWeights(backbone: any Backbone, heads: [MLP], seed: UInt64, draw: Int = 0) {
  let linears = heads.flatMap(\.stages).map(\.linear)
  let fanIn = Dictionary(
    uniqueKeysWithValues: linears.flatMap { linear in
      linear.parameters.map { ($0.name, linear.inFeatures) }
    })
  for (layer, parameter) in (backbone.parameters + heads.flatMap(\.parameters)).enumerated() {
    let draws = RandomDraws(seed: seed, purpose: .initialWeights, epoch: draw, layer: layer)
    if parameter.shape.count == 4 {
      parameter.fillHeNormal(draws)
    } else if let fanIn = fanIn[parameter.name] {
      parameter.fillUniform(fanIn: fanIn, draws)
    }
  }
  backbone.gates.forEach { $0.tieGroups() }
  let zeros = Set(backbone.blueprint.sites.filter(\.startsAtZero).map(\.batchNorm))
  for batchNorm in backbone.batchNorms where zeros.contains(batchNorm.name) {
    batchNorm.weight!.array = Array(repeating: 0, count: batchNorm.channels)
  }
}
