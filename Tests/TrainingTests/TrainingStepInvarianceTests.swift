import GoldenCases
import Layers
import Networks
import Objectives
import Optimizers
import Pruning
import Tensors
import TestSupport
import Testing
import Training

/// Contract C1 for a whole training step of a gated network: threads and ranks change no bit.
@Suite struct TrainingStepInvarianceTests {
  struct Outcome: Equatable, Sendable {
    var losses: [Double]
    var gradients: [[Float]]
    var running: [[Float]]
  }

  private static let images = 8

  /// - Parameters:
  ///   - pruned: Whether a fifth of the weights has been pruned.
  ///   - steps: All but the last are followed by an update.
  private func outcome(
    _ objective: SmallObjective, depth: Int = 18, pruned: Bool = false, steps: Int = 1,
    ranks: Int, shardSize: Int, threads: Int
  ) throws -> Outcome {
    let images = Self.images
    let settings = try objective.settings()
    let outcomes = try ThreadRanks(ranks).run { rank in
      let backbone = StackedBackbone(smallNetwork(depth: depth))
      let size = backbone.blueprint.inputSize
      let model = Model(
        backbone: backbone,
        objective: settings.makeObjective(featureCount: backbone.blueprint.featureCount), seed: 9)
      if pruned {
        model.mask = PruningRound(.magnitude, seed: 0, number: 1).prune(
          PruningMask(keepingAll: backbone.prunableParameters(includesStem: true)), of: backbone)
      }
      let layout = BatchLayout(
        batch: images, views: settings.views, turns: settings.turns, shardSize: shardSize, reducer: rank)
      var numbers = TestNumbers(seed: 90)
      let width = 3 * size * size
      let views = (0..<settings.rowsPerImage).map { _ in numbers.normals(images * width) }
      let x = Tensor(shape: [layout.local.rows, 3, size, size], lanes: 1, layout.rows(views, width: width))
      let pool = WorkerPool.forKernels(threads: threads)
      let step = TrainingStep(
        model: model, budget: Budget(target: 0.4), pool: pool, reducer: rank,
        gradients: RecordedGradients(model.store, on: rank))
      let optimizer = Optimizer(model.store, weightDecay: 1e-4)
      var losses: [Double] = []
      for number in 1...steps {
        let result = try step.run(
          StepBatch(
            images: x, layout: layout.local, indices: Array(layout.images), imageCount: images, epoch: number,
            labels: { settings.classCount.map(layout.labels) }),
          noise: DrawnNoise(seed: 91, layout: layout), annealing: 0.9)
        losses += [result.objective, result.budget, result.bound, result.macsShare] + result.densities
        if number < steps { try optimizer.update(learningRate: { _ in 0.05 }, pool: pool) }
      }
      return Outcome(
        losses: losses,
        gradients: model.store.parameters.map(\.gradientArray),
        running: model.batchNorms.flatMap { [$0.runningMean, $0.runningVariance] })
    }
    for outcome in outcomes { #expect(outcome == outcomes[0], "equal on every rank") }
    return outcomes[0]
  }

  @Test func everyObjectiveIsTested() {
    #expect(
      Set(SmallObjective.allCases.map(\.name)) == Set(ObjectiveKind.allCases.map(\.rawValue)))
  }

  @Test(arguments: SmallObjective.allCases, [1, 2])
  func threadsAndRanksChangeNoBit(objective: SmallObjective, shardSize: Int) throws {
    let reference = try outcome(objective, ranks: 1, shardSize: shardSize, threads: 1)
    #expect(reference.gradients.count { $0.contains { $0 != 0 } } >= reference.gradients.count - 1)
    for (ranks, threads) in [(1, 2), (2, 1), (2, 2), (4, 1)] {
      let found = try outcome(objective, ranks: ranks, shardSize: shardSize, threads: threads)
      #expect(found == reference, "\(ranks) ranks, \(threads) threads")
    }
  }

  /// Two steps, so that the second one has weights that the optimizer has moved under the mask.
  @Test(arguments: [SmallObjective.simclr, .rotnet, .npid])
  func threadsAndRanksChangeNoBitOfPrunedNetworks(objective: SmallObjective) throws {
    let reference = try outcome(objective, pruned: true, steps: 2, ranks: 1, shardSize: 1, threads: 1)
    let whole = try outcome(objective, steps: 2, ranks: 1, shardSize: 1, threads: 1)
    #expect(reference.losses != whole.losses)
    for (ranks, threads) in [(1, 2), (2, 1), (4, 1)] {
      let found = try outcome(objective, pruned: true, steps: 2, ranks: ranks, shardSize: 1, threads: threads)
      #expect(found == reference, "\(ranks) ranks, \(threads) threads")
    }
  }

  /// Deeper networks, and bottlenecks and VGGs with gates that meet, whose cost is taken image by image.
  @Test(arguments: [34, 50, 16])
  func threadsAndRanksChangeNoBitOfOtherNetworks(depth: Int) throws {
    let reference = try outcome(.simclr, depth: depth, ranks: 1, shardSize: 2, threads: 1)
    #expect(reference.gradients.count { $0.contains { $0 != 0 } } >= reference.gradients.count - 1)
    for (ranks, threads) in [(1, 2), (2, 1), (4, 1)] {
      let found = try outcome(.simclr, depth: depth, ranks: ranks, shardSize: 2, threads: threads)
      #expect(found == reference, "\(ranks) ranks, \(threads) threads")
    }
  }

  /// Other shards round differently, and nothing more.
  @Test func shardSizesChangeRoundingOnly() throws {
    let one = try outcome(.simclr, ranks: 1, shardSize: 1, threads: 1)
    let four = try outcome(.simclr, ranks: 1, shardSize: 4, threads: 1)
    #expect(abs(one.losses[0] - four.losses[0]) < 1e-5)
    #expect(one.losses[1...] == four.losses[1...], "counts are exact")
    #expect(relativeL2(one.gradients.flatMap(\.self), four.gradients.flatMap(\.self)) < 1e-4)
  }
}
