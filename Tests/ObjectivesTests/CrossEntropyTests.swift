import Foundation
import GoldenCases
import Objectives
import Tensors
import TestSupport
import Testing

@Suite struct CrossEntropyTests {
  private func evaluate(_ logits: [Float], _ targets: [Int]) throws -> (loss: Double, dlogits: Tensor) {
    let rows = targets.count
    return try CrossEntropy.lossAndGradient(
      Tensor(rows: rows, columns: logits.count / rows, logits), targets: targets,
      in: PassVariant(shardSize: 1).pass(rows: rows))
  }

  @Test func gradientMatchesFiniteDifferences() throws {
    var numbers = TestNumbers(seed: 70)
    let logits = numbers.normals(6 * 5).map { 3 * $0 }
    let targets = [0, 4, 2, 2, 1, 3]
    let gradient = try evaluate(logits, targets).dlogits.values
    let error = try gradientError(gradient, at: logits, step: 1e-2) { try evaluate($0, targets).loss }
    #expect(error < 1e-3)
  }

  @Test func equalLogitsGiveTheLogOfTheClasses() throws {
    let loss = try evaluate(Array(repeating: 7, count: 30), [0, 5, 9]).loss
    #expect(abs(loss - log(10)) < 1e-12)
  }

  @Test func isStableForLargeLogits() throws {
    let (loss, gradient) = try evaluate([1e5, -1e5, 0, -1e5, 1e5, 0], [0, 0])
    #expect(loss == 1e5)
    #expect(gradient.values == [0, 0, 0, -0.5, 0.5, 0])
  }
}
