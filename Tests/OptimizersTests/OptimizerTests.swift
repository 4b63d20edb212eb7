import Layers
import Tensors
import TestSupport
import Testing

@testable import Optimizers

/// What the golden trajectories do not single out: norms of 0, exclusion, clipping, gates.
@Suite struct OptimizerTests {
  /// The first change of a tensor as a share of the learning rate: d, as v starts at 0.
  private static func direction(
    _ rule: Optimizer.Rule, weights: [Float], gradient: [Float], shape: [Int]? = nil, decays: Bool = true,
    isTrainable: Bool = true, weightDecay: Double = 0.5, rate: Double = 0.25
  ) throws -> [Float] {
    let parameter = Parameter(
      "layer.weight", shape: shape ?? [1, weights.count], decays: decays, isTrainable: isTrainable)
    parameter.array = weights
    let store = ParameterStore([parameter])
    for (i, value) in gradient.enumerated() { store.gradients[i] = value }
    let optimizer = Optimizer(store, rule: rule, weightDecay: weightDecay)
    try optimizer.update(learningRate: { _ in rate }, pool: WorkerPool(threads: 1))
    return optimizer.velocity(of: 0)
  }

  /// ‖w‖ = 5, ‖g‖ = 10, wd = 0.5: q = η·5 / (10 + 0.5·5 + 1e-8) = 0.4·η.
  private static let weights: [Float] = [3, 4]
  private static let gradient: [Float] = [6, -8]
  private static let decayed: [Float] = [7.5, -6]

  @Test func sgdAddsTheDecayedWeights() throws {
    #expect(try Self.direction(.sgd, weights: Self.weights, gradient: Self.gradient) == Self.decayed)
  }

  /// η and what d is a multiple of g + wd·w by, at a rate of 0.25.
  @Test(arguments: [
    (0.02, false, 0.008), (0.02, true, 0.032),  // q / rate
    (2, false, 0.8), (2, true, 1),  // clipped: no faster than the rate
  ])
  func larsScalesByTheRatioOfNorms(trust: Double, clips: Bool, factor: Float) throws {
    let lars = LARS(trustCoefficient: trust, clips: clips, excludesBiasAndNorm: true)
    let d = try Self.direction(.lars(lars), weights: Self.weights, gradient: Self.gradient)
    #expect(maxRelativeToLargest(d, Self.decayed.map { factor * $0 }) < 1e-6)
  }

  /// Warm-up by step begins at rate 0, which must not divide.
  @Test func aRateOfZeroLeavesFiniteVelocities() throws {
    let d = try Self.direction(.lars(LARS()), weights: Self.weights, gradient: Self.gradient, rate: 0)
    #expect(d == Self.decayed)
  }

  /// Gates have no decay, but are scaled: q = 0.02·5 / 10, over the rate 0.25.
  @Test func gatesAreScaledWithoutDecay() throws {
    let d = try Self.direction(
      .lars(LARS()), weights: Self.weights, gradient: Self.gradient, shape: [1, 2, 1, 1], decays: false)
    #expect(maxRelativeToLargest(d, Self.gradient.map { 0.04 * $0 }) < 1e-6)
  }

  @Test func oneDimensionKeepsItsGradientUnlessTold() throws {
    let excluded = try Self.direction(
      .lars(LARS()), weights: Self.weights, gradient: Self.gradient, shape: [2])
    #expect(excluded == Self.gradient)
    let included = try Self.direction(
      .lars(LARS(trustCoefficient: 0.02, clips: false, excludesBiasAndNorm: false)),
      weights: Self.weights, gradient: Self.gradient, shape: [2])
    #expect(maxRelativeToLargest(included, Self.decayed.map { 0.008 * $0 }) < 1e-6)
  }

  /// Neither scaled nor decayed, also with tensors that are not excluded.
  @Test(arguments: [true, false]) func aNormOfZeroKeepsTheGradient(excludes: Bool) throws {
    let lars = Optimizer.Rule.lars(
      LARS(trustCoefficient: 0.02, clips: true, excludesBiasAndNorm: excludes))
    #expect(try Self.direction(lars, weights: [0, 0], gradient: Self.gradient) == Self.gradient)
    #expect(try Self.direction(lars, weights: Self.weights, gradient: [0, 0]) == [0, 0])
  }

  /// A run that diverged must not look like one that stands still.
  @Test func whatIsNotANumberStaysVisible() throws {
    let d = try Self.direction(.lars(LARS()), weights: Self.weights, gradient: [.nan, 1])
    #expect(d[0].isNaN)
    let infinite = try Self.direction(.lars(LARS()), weights: Self.weights, gradient: [.infinity, 1])
    #expect(!infinite[0].isFinite)
  }

  @Test func frozenParametersStay() throws {
    let d = try Self.direction(
      .lars(LARS()), weights: Self.weights, gradient: Self.gradient, isTrainable: false)
    #expect(d == [0, 0])
  }

  /// Neither decay nor momentum nor a gradient revives a pruned weight, and LARS sees the others alone.
  @Test(arguments: [
    Optimizer.Rule.sgd, .lars(LARS()),
    .lars(LARS(trustCoefficient: 0.02, clips: false, excludesBiasAndNorm: false)),
  ])
  func prunedWeightsStayZero(rule: Optimizer.Rule) throws {
    func trained(_ kept: [Bool], shape: [Int], pruned: Bool) throws -> [Float] {
      let parameter = Parameter("layer.weight", shape: shape)
      let store = ParameterStore([parameter])
      let optimizer = Optimizer(store, rule: rule, weightDecay: 0.1)
      optimizer.setVelocity(
        (0..<kept.count).map { pruned ? Float($0 + 1) : kept[$0] ? Float($0 + 1) : 0 }, of: 0)
      parameter.array = (0..<kept.count).map { pruned || kept[$0] ? Float($0) - 2.5 : 0 }
      if pruned { parameter.mask = WeightMask(kept) }
      for step in 1...5 {
        for i in kept.indices {
          let isSeen = pruned || kept[i]
          store.gradients[i] = isSeen ? Float((i * 5 + step * 3) % 7) - 3 : 0
        }
        if pruned { optimizer.setVelocity(optimizer.velocity(of: 0), of: 0) }
        try optimizer.update(learningRate: { _ in 0.1 }, pool: WorkerPool(threads: 1))
        for i in kept.indices where !kept[i] {
          #expect(parameter.array[i] == 0 && parameter.gradientArray[i] == 0)
          #expect(optimizer.velocity(of: 0)[i] == 0)
        }
      }
      return parameter.array
    }
    let kept = [true, false, true, true, false, true, false]
    // The same as a tensor whose other weights never were.
    #expect(
      try trained(kept, shape: [7, 1, 1, 1], pruned: true)
        == trained(kept, shape: [7, 1, 1, 1], pruned: false))
  }

  /// Contract C1; tensors of many lengths, so that threads take them in any order.
  @Test func threadsDoNotChangeABit() throws {
    func trained(threads: Int) throws -> [Float] {
      var numbers = TestNumbers(seed: 3)
      let store = ParameterStore(
        (1...40).map { i in
          let parameter = Parameter("p\(i)", shape: [i, 37])
          parameter.array = numbers.normals(parameter.count)
          return parameter
        })
      let optimizer = Optimizer(store, rule: .lars(LARS()), weightDecay: 1e-4)
      let pool = WorkerPool(threads: threads)
      for step in 0..<3 {
        for i in store.gradients.indices { store.gradients[i] = Float((i * 7 + step) % 13) - 6 }
        try optimizer.update(learningRate: { _ in 0.1 }, pool: pool)
      }
      return store.parameters.flatMap(\.array)
    }
    #expect(try trained(threads: 1) == trained(threads: 4))
  }
}
