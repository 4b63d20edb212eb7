import Configurations
import Datasets
import GoldenCases
import Layers
import Networks
import Objectives
import Optimizers
import Tensors
import TestSupport
import Testing
import Training

/// A trainer on the threads of this process: what it makes of a configuration, step by step.
@Suite struct TrainerTests {
  private static let images = 16

  private static func configuration(_ change: (inout Configuration) -> Void = { _ in }) -> Configuration {
    var configuration = Configuration(dataSource: "shapes")
    configuration.batch.global = images
    configuration.batch.shard = 2
    configuration.epochs = 20
    configuration.network.width = 8
    configuration.network.inputSize = 16
    // Else most gradients of a first step are zeros.
    configuration.network.zeroInitResidual = false
    configuration.objective[SimSiam.Settings.self] = .init(projector: [24, 20], predictorHidden: 6)
    configuration.optimizer.weightDecay = 0
    configuration.optimizer.momentum = 0
    change(&configuration)
    return configuration
  }

  /// A rank's part of one random batch, as step `step` of epoch `epoch` brings it.
  private static func batch(
    _ configuration: Configuration, step: Int = 0, epoch: Int = 0, on reducer: any ShardReducer
  ) -> ViewBatch {
    let layout = BatchLayout(
      batch: images, views: 2, shardSize: configuration.batch.shard, reducer: reducer)
    let size = configuration.network.inputSize
    var numbers = TestNumbers(seed: 12)
    let views = (0..<2).map { _ in numbers.normals(images * 3 * size * size) }
    return ViewBatch(
      epoch: epoch, step: step, indices: Array(layout.images),
      images: Tensor(
        shape: [layout.local.rows, 3, size, size], lanes: 1, layout.rows(views, width: 3 * size * size)),
      layout: layout.local)
  }

  private struct Step: Sendable {
    let outcome: Trainer.Outcome
    let names: [String]
    let before: [[Float]]
    let after: [[Float]]
    let gradients: [[Float]]
    let starts: [Int]
    let idles: [Int]
  }

  /// One step on every rank; that of rank 0, after all were found to hold the same parameters.
  private static func step(
    _ configuration: Configuration, step: Int = 0, epoch: Int = 0, ranks: Int = 1
  ) throws -> Step {
    let steps = try ThreadRanks(ranks).run { rank in
      let model = configuration.makeModel()
      let gradients = RecordedGradients(model.store, on: rank)
      let trainer = Trainer(
        configuration, model: model, pool: .forKernels(threads: 1), reducer: rank, gradients: gradients)
      let parameters = model.store.parameters
      let before = parameters.map(\.array)
      let outcome = try trainer.take(
        batch(configuration, step: step, epoch: epoch, on: rank), stepsPerEpoch: 10)
      return Step(
        outcome: outcome, names: parameters.map(\.name), before: before, after: parameters.map(\.array),
        gradients: parameters.map(\.gradientArray), starts: gradients.starts, idles: gradients.idles)
    }
    for step in steps { #expect(step.after == steps[0].after, "equal on every rank") }
    return steps[0]
  }

  /// Half-way through the schedule all parameters move by its rate, the predictor's by the peak [X].
  @Test func thePredictorKeepsItsRate() throws {
    let configuration = Self.configuration()
    let rates = configuration.learningRates
    let step = try Self.step(configuration, step: 150, epoch: 15)
    let (rate, held) = (
      rates.rate(step: 150, stepsPerEpoch: 10), rates.heldRate(step: 150, stepsPerEpoch: 10)
    )
    #expect(step.outcome.learningRate == rate && held > 1.5 * rate && rate > 0)
    for (index, name) in step.names.enumerated() {
      let moved = zip(step.before[index], step.after[index]).map { Double($0) - Double($1) }
      let expected = step.gradients[index].map { Double($0) * (name.hasPrefix("predictor") ? held : rate) }
      // Parameters are rounded to single precision.
      #expect(zip(moved, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(name)")
    }
    #expect(step.names.contains { $0.hasPrefix("predictor") })
  }

  /// The same batch, epochs later: the bounds hold less tightly.
  @Test func boundsAreAnnealedByEpoch() throws {
    let configuration = Self.configuration {
      // Far from what new gates do, and slowly, so that the bounds are felt in both epochs.
      $0.gates.target = 0.05
      $0.gates.alpha = 0.05
    }
    for epoch in [0, 3] {
      let terms = try Self.step(configuration, epoch: epoch).outcome.result.views
      let p = Budget.annealing(alpha: configuration.annealingRate, epoch: epoch)
      let q = 0.05.squareRoot()
      for view in terms {
        let excesses = view.densities.map { density in
          (below: max(p * q - density, 0), above: max(density - 1 + p - p * q, 0))
        }
        let bound = excesses.reduce(0) { $0 + $1.below * $1.below + $1.above * $1.above }
        #expect(bound > 0)
        #expect(
          abs(view.bound - configuration.gates.gamma * bound / Double(excesses.count)) < 1e-12, "\(epoch)")
      }
    }
  }

  /// From the last parameter to the first; communication is let proceed in between, with micro-batches too.
  @Test(arguments: [false, true], [16, 4]) func gradientsLeaveInReverseOrder(recompute: Bool, micro: Int)
    throws
  {
    let configuration = Self.configuration {
      $0.memory.recompute = recompute
      $0.batch.micro = micro
    }
    let step = try Self.step(configuration)
    let model = configuration.makeModel()
    let trainable = zip(model.store.parameters, model.store.offsets).filter { $0.0.isTrainable }
    #expect(step.starts == trainable.reversed().map(\.1))
    #expect(step.idles.count == step.starts.count + 1 && step.idles[0] > 0)
    #expect(step.idles[1...].reduce(0, +) > step.starts.count)
  }

  /// `memory.recompute` is heeded: more loops inside backward, and nothing else is another.
  @Test func recomputingGoesForwardTwice() throws {
    let once = try Self.step(Self.configuration())
    let twice = try Self.step(Self.configuration { $0.memory.recompute = true })
    #expect(twice.idles[1...].reduce(0, +) > once.idles[1...].reduce(0, +))
    #expect(twice.after == once.after)
  }

  /// Contract C1, an update included.
  @Test(arguments: [2, 4]) func ranksChangeNoBit(ranks: Int) throws {
    for micro in [16, 8] {
      let configuration = Self.configuration { $0.batch.micro = micro }
      let (alone, together) = (try Self.step(configuration), try Self.step(configuration, ranks: ranks))
      #expect(together.after == alone.after && together.after != alone.before)
    }
  }
}
