import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@testable import Pruning

/// Four rounds of magnitude pruning with ties and zeros, of all layers together and layer by layer.
@Suite(.enabled(if: Golden.folder("magnitude") != nil, "\(Golden.missing("magnitude"))"))
struct GoldenMagnitudeTests {
  @Test(arguments: [(PruningCriterion.magnitude, "global"), (.layerMagnitude, "layer")])
  func everyRoundKeepsTheSameWeights(criterion: PruningCriterion, key: String) throws {
    let folder = try #require(Golden.folder("magnitude"))
    let info = try Golden.json(folder.appendingPathComponent("magnitude.json"))
    let file = try SafetensorsFile(contentsOf: folder.appendingPathComponent("magnitude.safetensors").path)
    let names = try #require(info["order"] as? [String])
    let rounds = try #require(info[key] as? [Any]).count

    var mask = PruningMask(
      keepingAll: names.map { Parameter($0, shape: file.shape(of: "r1.weight.\($0)") ?? []) })
    #expect(mask.prunable == info["prunable"] as? Int)
    for round in 1...rounds {
      let weights = try names.map { try file.floats("r\(round).weight.\($0)") }
      mask = PruningRound(criterion, seed: 0, number: round).prune(mask, weights: weights)
      for (name, layer) in zip(names, mask.layers) {
        let expected = try file.int32s("r\(round).\(key).\(name)").map { $0 == 1 }
        #expect(layer.mask.kept == expected, "round \(round), \(name)")
      }
    }
  }
}
