import Layers
import Objectives
import Tensors
import TestSupport
import Testing

@Suite struct SupervisedTests {
  private static let rows = 6
  private static let labels = [4, 0, 3, 3, 1, 2]

  private func makePass() -> Pass {
    Pass(.training, rows: Self.rows, shardSize: 2, pool: .forKernels(threads: 1))
  }

  private func evaluate(
    _ objective: any Objective, _ features: [Float], labels: [Int] = labels
  ) throws -> (loss: Double, dfeatures: Tensor) {
    let pass = makePass()
    let input = Tensor(rows: Self.rows, columns: features.count / Self.rows, features)
    let batch = StepBatch(
      images: input, layout: pass.layout, indices: Array(0..<Self.rows), labels: { labels })
    let embeddings = try objective.forward(input, in: pass)
    let (loss, gradient) = try objective.lossAndGradient(embeddings, batch: batch, in: pass)
    return (loss, try objective.backward(gradient, in: pass))
  }

  private func makeObjective(_ numbers: inout TestNumbers) -> any Objective {
    let objective = Supervised.Settings(classes: 5).makeObjective(featureCount: 7)
    for parameter in objective.heads[0].parameters { parameter.array = numbers.normals(parameter.count) }
    return objective
  }

  @Test func gradientsMatchFiniteDifferences() throws {
    var numbers = TestNumbers(seed: 110)
    let objective = makeObjective(&numbers)
    let features = numbers.normals(Self.rows * 7)
    let dfeatures = try evaluate(objective, features).dfeatures.values
    let error = try gradientError(dfeatures, at: features, step: 1e-2) { try evaluate(objective, $0).loss }
    #expect(error < 1e-3)
    for parameter in objective.heads[0].parameters {
      _ = try evaluate(objective, features)
      let values = parameter.array
      let error = try gradientError(parameter.gradientArray, at: values, step: 1e-2) {
        parameter.array = $0
        return try evaluate(objective, features).loss
      }
      parameter.array = values
      #expect(error < 1e-3, "\(parameter.name)")
    }
  }

  /// Every row has the class of its own image.
  @Test func otherLabelsAreAnotherLoss() throws {
    var numbers = TestNumbers(seed: 111)
    let objective = makeObjective(&numbers)
    let features = numbers.normals(Self.rows * 7)
    let (loss, swapped) = (
      try evaluate(objective, features).loss,
      try evaluate(objective, features, labels: Self.labels.reversed()).loss
    )
    #expect(abs(loss - swapped) > 1e-3)
  }

  @Test func theDataDecidesClassesThatNobodyHas() {
    #expect(Supervised.Settings().settled(classCount: 7).classCount == 7)
    #expect(Supervised.Settings(classes: 9).settled(classCount: 7).classCount == 9)
    #expect(
      Supervised.Settings(classes: 3).makeObjective(featureCount: 4).heads[0].parameters.map(\.name) == [
        "classifier.0.weight", "classifier.0.bias",
      ])
  }
}
