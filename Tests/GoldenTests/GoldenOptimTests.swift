import GoldenCases
import Layers
import Optimizers
import Tensors
import Testing
import Training

/// SGD and LARS on a fixed sequence of gradients, and the learning-rate schedule.
@Suite struct GoldenOptimTests {
  @Test(arguments: GoldenCase.all(.optim))
  func goldenTrajectories(_ golden: GoldenCase) throws {
    let file = try golden.tensors("optim")
    var comparisons: [Comparison] = []
    for (name, run) in try golden.decode([String: Run].self, "runs").sorted(by: { $0.key < $1.key }) {
      comparisons += try run.compare(name, file)
    }
    expectAll(comparisons, golden)
  }

  @Test(arguments: GoldenCase.all(.optim))
  func goldenSchedules(_ golden: GoldenCase) throws {
    var comparisons: [Comparison] = []
    for (name, golden) in try golden.decode([String: Schedule].self, "schedule").sorted(by: {
      $0.key < $1.key
    }) {
      let schedule = LearningRateSchedule(
        peak: golden.lr, warmupStart: golden.warmupStartLr, final: golden.etaMin,
        warmupEpochs: golden.warmupEpochs, epochs: golden.maxEpochs)
      for epoch in golden.perEpoch.indices {
        comparisons += [
          .scalar(
            "\(name), epoch \(epoch)", schedule.rate(step: 3 * epoch + 2, stepsPerEpoch: 3),
            golden.perEpoch[epoch], absolute: 1e-9),
          .scalar(
            "\(name), held, epoch \(epoch)", schedule.heldRate(step: 3 * epoch + 2, stepsPerEpoch: 3),
            golden.heldGroup[epoch], absolute: 1e-9),
        ]
      }
    }
    expectAll(comparisons, golden)
  }
}

private struct Schedule: Decodable {
  let lr: Double
  let warmupEpochs: Int
  let maxEpochs: Int
  let warmupStartLr: Double
  let etaMin: Double
  let perEpoch: [Double]
  let heldGroup: [Double]
}

private struct Run: Decodable {
  let lr: Double
  let weightDecay: Double
  let gateWeightDecay: Double
  let momentum: Double
  let rates: [Double]?
  let lars: GoldenLARS?

  func compare(_ name: String, _ file: SafetensorsFile) throws -> [Comparison] {
    guard gateWeightDecay == 0 else {
      return [Comparison("\(name): gates decay", error: .infinity, tolerance: 0)]
    }
    let names = file.names.compactMap { $0.hasPrefix("init.") ? String($0.dropFirst(5)) : nil }
    let store = ParameterStore(
      try names.map { parameter in
        let made = Parameter(
          parameter, shape: file.shape(of: "init.\(parameter)")!, decays: parameter != "gate")
        made.array = try file.floats("init.\(parameter)")
        return made
      })
    let gradients = try names.map { try file.floats("grad.\($0)") }
    var found = names.map { _ in [Float]() }
    let pool = WorkerPool(threads: 2)
    let optimizer = Optimizer(
      store, rule: lars?.rule ?? .sgd, momentum: momentum, weightDecay: weightDecay)
    for step in 0..<file.shape(of: "grad.\(names[0])")![0] {
      for (parameter, all) in zip(store.parameters, gradients) {
        let gradient = all[step * parameter.count..<(step + 1) * parameter.count]
        for (i, value) in gradient.enumerated() { parameter.gradient[i] = value }
      }
      try optimizer.update(learningRate: { _ in rates?[step] ?? lr }, pool: pool)
      for (i, parameter) in store.parameters.enumerated() { found[i] += parameter.array }
    }
    return try zip(names, found).map { parameter, values in
      .tensor(
        "\(name).\(parameter)", values, try file.floats("\(name).\(parameter)"), relativeToLargest: 1e-5)
    }
  }
}
