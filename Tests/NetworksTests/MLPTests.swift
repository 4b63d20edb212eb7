import GoldenCases
import Layers
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct MLPTests {
  private static let makers: [String: @Sendable () -> MLP] = [
    "SimCLR projector": { .simCLRProjector(9, hidden: 8, output: 5) },
    "SimSiam projector": { .simSiamProjector(9, hidden: 6, output: 7) },
    "SimSiam predictor": { .simSiamPredictor(9, hidden: 4) },
  ]

  @Test(arguments: makers.keys.sorted())
  func gradientsMatchFiniteDifferences(_ name: String) throws {
    let make = try #require(Self.makers[name])
    let pool = WorkerPool.forKernels(threads: 2)
    func makePass() -> Pass { Pass(.training, rows: 16, views: 2, shardSize: 4, pool: pool) }
    var numbers = TestNumbers(seed: 42)
    let (mlp, x) = try MLP.awayFromKinks(rows: 16, columns: 9, pass: makePass(), &numbers, make)
    var coefficients: [Float] = []
    func loss(_ x: [Float]) throws -> Double {
      weightedSum(try mlp.forward(Tensor(rows: 16, columns: 9, x), in: makePass()).values, coefficients)
    }
    let pass = makePass()
    let y = try mlp.forward(Tensor(rows: 16, columns: 9, x), in: pass)
    coefficients = numbers.normals(y.values.count)
    let dx = try mlp.backward(Tensor(rows: 16, columns: y.channels, coefficients), in: pass)
    let inputError = try gradientError(dx.values, at: x, step: 1e-3, loss: loss)
    #expect(inputError < 3e-3, "dx")
    for parameter in mlp.parameters where parameter.isTrainable {
      let values = parameter.array
      let error = try gradientError(parameter.gradientArray, at: values, step: 1e-3) {
        parameter.array = $0
        return try loss(x)
      }
      parameter.array = values
      #expect(error < 3e-3, "\(parameter.name)")
    }
  }

  /// Layers are numbered as in torch's `Sequential`; SimSiam's last bias alone stays as it was drawn.
  @Test func namesAreThoseOfASequential() {
    let projector = MLP.simSiamProjector(9, hidden: 11, output: 6)
    #expect(
      projector.parameters.map(\.name) == [
        "projector.0.weight", "projector.1.weight", "projector.1.bias", "projector.3.weight",
        "projector.4.weight", "projector.4.bias", "projector.6.weight", "projector.6.bias",
      ])
    #expect(projector.parameters.filter { !$0.isTrainable }.map(\.name) == ["projector.6.bias"])
    #expect(
      MLP.simCLRProjector(9, hidden: 11, output: 6).parameters.map(\.name) == [
        "projector.0.weight", "projector.1.weight", "projector.1.bias", "projector.3.weight",
        "projector.3.bias",
      ])
  }
}
