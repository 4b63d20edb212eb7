import Foundation
import Layers
import Objectives
import Tensors
import TestSupport
import Testing

@Suite struct RotNetTests {
  private static let images = 6
  private static let width = 7
  private static let layout = RowLayout(images: images, views: 1, turns: 4, shardSize: 2)

  private func evaluate(_ objective: any Objective, _ features: [Float]) throws -> (loss: Double, dx: Tensor)
  {
    let pass = Pass(.training, Self.layout, in: Surroundings(pool: .forKernels(threads: 1)))
    let input = Tensor(rows: Self.layout.rows, columns: Self.width, features)
    let batch = StepBatch(images: input, layout: Self.layout, indices: Array(0..<Self.images))
    let embeddings = try objective.forward(input, in: pass)
    let (loss, gradient) = try objective.lossAndGradient(embeddings, batch: batch, in: pass)
    return (loss, try objective.backward(gradient, in: pass))
  }

  private func makeObjective(_ numbers: inout TestNumbers) -> any Objective {
    let objective = RotNet.Settings().makeObjective(featureCount: Self.width)
    for parameter in objective.heads[0].parameters { parameter.array = numbers.normals(parameter.count) }
    return objective
  }

  @Test func gradientsMatchFiniteDifferences() throws {
    var numbers = TestNumbers(seed: 112)
    let objective = makeObjective(&numbers)
    let features = numbers.normals(Self.layout.rows * Self.width)
    let dx = try evaluate(objective, features).dx.values
    #expect(try gradientError(dx, at: features, step: 1e-2) { try evaluate(objective, $0).loss } < 1e-3)
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

  /// Features that are the turn's number as a unit vector, and a classifier that passes them on: the right class has
  /// logit 20.
  @Test func theClassOfARowIsItsTurn() throws {
    let objective = RotNet.Settings().makeObjective(featureCount: Self.width)
    let parameters = objective.heads[0].parameters
    parameters[0].array = (0..<4 * Self.width).map { $0 / Self.width == $0 % Self.width ? 20 : 0 }
    parameters[1].array = [0, 0, 0, 0]
    func loss(shift: Int) throws -> Double {
      let features = (0..<Self.layout.rows).flatMap { row -> [Float] in
        let turn = (Self.layout.place(ofRow: row).turn + shift) % 4
        return (0..<Self.width).map { $0 == turn ? 1 : 0 }
      }
      return try evaluate(objective, features).loss
    }
    #expect(try loss(shift: 0) < 1e-7)
    #expect(try abs(loss(shift: 1) - 20) < 1e-6)
  }
}
