import GoldenCases
import Layers
import Networks
import Objectives
import Tensors
import TestSupport
import Testing

@Suite struct SimSiamTests {
  private func makePass(_ rows: Int) -> Pass {
    Pass(.training, rows: rows, views: 2, shardSize: 1, pool: .forKernels(threads: 1))
  }

  @Test func predictionsGradientMatchesFiniteDifferences() throws {
    var numbers = TestNumbers(seed: 60)
    let (p, z) = (numbers.normals(10 * 6), numbers.normals(10 * 6))
    let targets = Tensor(rows: 10, columns: 6, z)
    func evaluate(_ p: [Float]) throws -> (loss: Double, dp: Tensor) {
      try NegativeCosine.lossAndGradient(
        predictions: Tensor(rows: 10, columns: 6, p), targets: targets, in: makePass(10))
    }
    let dp = try evaluate(p).dp.values
    let error = try gradientError(dp, at: p, step: 3e-3) { try evaluate($0).loss }
    #expect(error < 1e-3)
  }

  @Test func alignedPredictionsGiveMinusOne() throws {
    var numbers = TestNumbers(seed: 61)
    let p = numbers.normals(8 * 5)
    // Rows 2k and 2k + 1 are the views of an image: each prediction's target is the other's row.
    var swapped: [Float] = []
    for row in 0..<8 {
      let other = row ^ 1
      for value in p[other * 5..<other * 5 + 5] { swapped.append(3 * value) }
    }
    let loss = try NegativeCosine.lossAndGradient(
      predictions: Tensor(rows: 8, columns: 5, p), targets: Tensor(rows: 8, columns: 5, swapped),
      in: makePass(8)
    ).loss
    #expect(abs(loss + 1) < 1e-6)
  }

  /// Through projector and predictor, with the targets frozen where they were: no gradient takes the way
  /// through them.
  @Test func featuresGradientMatchesFiniteDifferencesWithFrozenTargets() throws {
    var numbers = TestNumbers(seed: 62)
    let objective = SimSiam(.init(projector: [6, 8], predictorHidden: 4), featureCount: 7)
    // Drawn until no ReLU is near its kink.
    var features: [Float] = []
    repeat {
      for head in objective.heads { head.randomize(&numbers) }
      features = numbers.normals(12 * 7)
    } while try distanceToKink(objective, features) < 0.01
    let input = Tensor(rows: 12, columns: 7, features)
    let frozen = try objective.projector.forward(input, in: makePass(12))
    func loss(_ features: [Float]) throws -> Double {
      let pass = makePass(12)
      let z = try objective.projector.forward(Tensor(rows: 12, columns: 7, features), in: pass)
      let p = try objective.predictor.forward(z, in: pass)
      return try NegativeCosine.lossAndGradient(predictions: p, targets: frozen, in: pass).loss
    }
    let pass = makePass(12)
    let embeddings = try objective.forward(input, in: pass)
    let gradient = try objective.lossAndGradient(
      embeddings, batch: StepBatch(images: input, layout: pass.layout, indices: Array(0..<6)), in: pass
    ).gradient
    let dfeatures = try objective.backward(gradient, in: pass).values
    let inputError = try gradientError(dfeatures, at: features, step: 1e-3, loss: loss)
    #expect(inputError < 5e-3)
    for parameter in objective.heads.flatMap(\.parameters) where parameter.isTrainable {
      let values = parameter.array
      let error = try gradientError(parameter.gradientArray, at: values, step: 1e-3) {
        parameter.array = $0
        return try loss(features)
      }
      parameter.array = values
      #expect(error < 5e-3, "\(parameter.name)")
    }
  }

  private func distanceToKink(_ objective: SimSiam, _ features: [Float]) throws -> Float {
    let pass = makePass(12)
    let x = Tensor(rows: 12, columns: 7, features)
    let z = try objective.projector.forward(x, in: pass)
    return min(
      try objective.projector.distanceToKink(x, in: pass), try objective.predictor.distanceToKink(z, in: pass)
    )
  }
}
