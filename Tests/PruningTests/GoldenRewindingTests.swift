import GoldenCases
import Layers
import Optimizers
import Tensors
import TestSupport
import Testing

@testable import Pruning

/// Rounds of training, pruning and going back, as an independent program computes them: masks are equal, weights but for
/// rounding.
@Suite struct GoldenRewindingTests {
  private struct Settings: Decodable {
    let steps: Int
    let rewind: Int
    let rounds: Int
    let lr: Double
    let momentum: Double
    let weightDecay: Double
    let prunable: [String]
    let others: [String]
  }

  @Test(arguments: GoldenCase.all(.rewinding))
  func everyRoundEndsWithTheSameWeights(_ golden: GoldenCase) throws {
    let file = try golden.tensors("rewinding")
    let settings = try golden.decode(Settings.self, "rewinding")
    let names = settings.prunable + settings.others
    let store = ParameterStore(
      try names.map { name in
        let parameter = Parameter(name, shape: file.shape(of: "init.\(name)") ?? [])
        parameter.array = try file.floats("init.\(name)")
        return parameter
      })
    let problem = try Problem(file, names)

    var comparisons: [Comparison] = []
    func compare(_ what: String) throws {
      comparisons += try store.parameters.map {
        .tensor(
          "\(what).\($0.name)", $0.array, try file.floats("\(what).\($0.name)"), relativeToLargest: 1e-5)
      }
    }
    func train(_ steps: Range<Int>, _ optimizer: Optimizer) throws {
      for _ in steps {
        problem.setGradients(of: store.parameters)
        try optimizer.update(learningRate: { _ in settings.lr }, pool: .forKernels(threads: 1))
      }
    }
    func makeOptimizer() -> Optimizer {
      Optimizer(store, momentum: settings.momentum, weightDecay: settings.weightDecay)
    }

    let optimizer = makeOptimizer()
    try train(0..<settings.rewind, optimizer)
    try compare("rewind")
    let kept = store.parameters.map(\.array)
    try train(settings.rewind..<settings.steps, optimizer)
    try compare("r0")
    let prunable = store.parameters.filter { settings.prunable.contains($0.name) }
    var mask = PruningMask(keepingAll: prunable)
    for number in 1...settings.rounds {
      mask = PruningRound(.magnitude, seed: 0, number: number).prune(mask, weights: prunable.map(\.array))
      for (parameter, layer) in zip(prunable, mask.layers) {
        let expected = try file.int32s("r\(number).mask.\(layer.name)").map { $0 == 1 }
        #expect(layer.mask.kept == expected, "round \(number), \(layer.name)")
        parameter.mask = layer.mask
      }
      for (parameter, values) in zip(store.parameters, kept) { parameter.array = values }
      try train(settings.rewind..<settings.steps, makeOptimizer())
      try compare("r\(number)")
    }
    for comparison in comparisons { #expect(comparison.passes, "\(comparison)") }
  }
}

/// ½Σ a·(w − t)² + (u·w)²/2n, in which every weight depends on all others.
private struct Problem {
  private let a: [[Float]]
  private let t: [[Float]]
  private let u: [[Float]]

  init(_ file: SafetensorsFile, _ names: [String]) throws {
    a = try names.map { try file.floats("a.\($0)") }
    t = try names.map { try file.floats("t.\($0)") }
    u = try names.map { try file.floats("u.\($0)") }
  }

  /// Those of the parameters, in the order of the names.
  func setGradients(of parameters: [Parameter]) {
    let count = parameters.reduce(0) { $0 + $1.count }
    let projection = zip(parameters, u).reduce(0) { $0 + weightedSum($1.0.array, $1.1) } / Double(count)
    for (number, parameter) in parameters.enumerated() {
      for (i, weight) in parameter.array.enumerated() {
        parameter.gradient[i] = Float(
          Double(a[number][i]) * Double(weight - t[number][i]) + Double(u[number][i]) * projection)
      }
    }
  }
}
