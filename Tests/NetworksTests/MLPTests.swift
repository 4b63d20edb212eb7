import GoldenCases
import Layers
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct MLPTests {
  /// Every combination of biases, batch norms and ReLUs that heads are made of.
  private static let makers: [String: @Sendable () -> MLP] = [
    "two layers": {
      MLP(
        "projector", inFeatures: 9,
        [.init(outFeatures: 8, batchNorm: true, relu: true), .init(outFeatures: 5, bias: .learned)])
    },
    "three layers": {
      MLP(
        "projector", inFeatures: 9,
        [
          .init(outFeatures: 6, batchNorm: true, relu: true),
          .init(outFeatures: 6, batchNorm: true, relu: true),
          .init(outFeatures: 7, bias: .frozen, batchNorm: false),
        ])
    },
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
}
