import GoldenCases
import Layers
import Networks
import Objectives
import Tensors
import TestSupport
import Testing
import Training

/// A step that goes forward twice, block by block or micro-batch by micro-batch.
@Suite struct MicroBatchTests {
  struct Outcome: Equatable, Sendable {
    var losses: [Double]
    var gradients: [[Float]]
    var running: [[Float]]
    /// How often communication was let proceed, between one parameter's gradient and the next one's.
    var idles: [Int] = []

    static func == (a: Outcome, b: Outcome) -> Bool {
      a.losses == b.losses && a.gradients == b.gradients && a.running == b.running
    }
  }

  struct Case: Sendable, CustomStringConvertible {
    var objective = SmallObjective.simclr
    var depth = 18
    var gated = true
    var mode = Pass.Mode.training
    var images = 8
    var shardSize = 1
    var microBatches = 1
    var recomputes = false
    var softGates = false
    var ranks = 1
    var threads = 1

    var description: String {
      "depth \(depth), \(objective), \(gated ? "gated" : "dense"), \(mode), \(images) images in shards of \(shardSize), "
        + "\(microBatches) micro-batches, recomputes: \(recomputes), \(ranks) ranks × \(threads) threads"
    }

    func with(_ change: (inout Case) -> Void) -> Case {
      var other = self
      change(&other)
      return other
    }

    var settings: TrainingStep.Settings {
      var settings = TrainingStep.Settings()
      settings.microBatches = microBatches
      settings.recomputes = recomputes
      settings.mode = mode
      settings.softGates = softGates
      return settings
    }

    static let kinds =
      SmallObjective.allCases.flatMap { objective in
        [true, false].map { Case(objective: objective, gated: $0) }
      } + [Case(depth: 50), Case(depth: 16)]
  }

  private static func makeModel(_ c: Case) throws -> Model {
    let backbone = StackedBackbone(smallNetwork(depth: c.depth, gated: c.gated))
    let model = Model(
      backbone: backbone,
      objective: try c.objective.settings().makeObjective(featureCount: backbone.blueprint.featureCount),
      seed: 9)
    // Running statistics that differ from those of any batch.
    var numbers = TestNumbers(seed: 7)
    for norm in model.batchNorms {
      norm.runningMean = numbers.normals(norm.channels).map { $0 / 4 }
      norm.runningVariance = numbers.uniforms(norm.channels, 0.5, 1.5)
    }
    return model
  }

  private static func outcome(
    _ c: Case, prepare: @escaping @Sendable (Model) -> Void = { _ in }
  ) throws -> Outcome {
    let settings = try c.objective.settings()
    let outcomes = try ThreadRanks(c.ranks).run { rank in
      let model = try makeModel(c)
      prepare(model)
      let layout = BatchLayout(
        batch: c.images, views: settings.views, turns: settings.turns, shardSize: c.shardSize, reducer: rank)
      var numbers = TestNumbers(seed: 90)
      let size = model.backbone.blueprint.inputSize
      let width = 3 * size * size
      let views = (0..<settings.rowsPerImage).map { _ in numbers.normals(c.images * width) }
      let x = Tensor(shape: [layout.local.rows, 3, size, size], lanes: 1, layout.rows(views, width: width))
      let gradients = RecordedGradients(model.store, on: rank)
      let step = TrainingStep(
        model: model, budget: Budget(target: 0.4), settings: c.settings,
        pool: .forKernels(threads: c.threads), reducer: rank, gradients: gradients)
      let result = try step.run(
        StepBatch(
          images: x, layout: layout.local, indices: Array(layout.images), imageCount: c.images,
          labels: { settings.classCount.map(layout.labels) }),
        noise: DrawnNoise(seed: 91, layout: layout), annealing: 0.9)
      // What is ready is sent at once, with all that lies behind it.
      let trainable = zip(model.store.parameters, model.store.offsets).filter { $0.0.isTrainable }
      #expect(gradients.starts == trainable.reversed().map(\.1))
      return Outcome(
        losses: [result.objective, result.budget, result.bound, result.macsShare] + result.densities,
        gradients: model.store.parameters.map(\.gradientArray),
        running: model.batchNorms.flatMap { [$0.runningMean, $0.runningVariance] }, idles: gradients.idles)
    }
    for outcome in outcomes { #expect(outcome == outcomes[0], "equal on every rank") }
    return outcomes[0]
  }

  @Test(arguments: Case.kinds, [1, 2])
  func recomputingChangesNoBit(_ c: Case, threads: Int) throws {
    let reference = try Self.outcome(c)
    let again = try Self.outcome(
      c.with {
        $0.recomputes = true
        $0.threads = threads
      })
    #expect(again == reference)
    #expect(reference.gradients.count { $0.contains { $0 != 0 } } >= reference.gradients.count - 1)
  }

  /// Communication proceeds between the pieces of backward's loops. The last micro-batch, whose gradients are final,
  /// has its share of the pieces of the whole batch between any two parameters.
  @Test(arguments: [false, true]) func communicationProceedsInsideBackward(recomputes: Bool) throws {
    let c = Case(recomputes: recomputes)
    let (whole, halves) = (try Self.outcome(c).idles, try Self.outcome(c.with { $0.microBatches = 2 }).idles)
    #expect(halves.dropFirst().map { 2 * $0 } == Array(whole.dropFirst()))
    #expect(halves.dropFirst().reduce(0, +) > 100)
  }

  /// Without batch statistics an image's embedding does not depend on the others: splitting changes nothing at all.
  @Test(arguments: Case.kinds, [2, 4, 8])
  func microBatchesChangeNoBitWhereBatchNormsAreFrozen(_ c: Case, microBatches: Int) throws {
    let frozen = c.with { $0.mode = .frozen }
    let reference = try Self.outcome(frozen)
    let untrained = try Self.makeModel(c).batchNorms
    #expect(reference.running == untrained.flatMap { [$0.runningMean, $0.runningVariance] })
    #expect(try reference.losses != Self.outcome(c).losses, "frozen is not training")
    for recomputes in [false, true] {
      let split = try Self.outcome(
        frozen.with {
          $0.microBatches = microBatches
          $0.recomputes = recomputes
        })
      #expect(split == reference, "recomputes: \(recomputes)")
    }
  }

  /// Three micro-batches add up along another tree than six shards: the same but for rounding.
  @Test func threeMicroBatchesChangeRoundingOnly() throws {
    let c = Case(mode: .frozen, images: 6)
    let (one, three) = (try Self.outcome(c), try Self.outcome(c.with { $0.microBatches = 3 }))
    #expect(one.losses == three.losses)
    #expect(relativeL2(one.gradients.flatMap(\.self), three.gradients.flatMap(\.self)) < 1e-6)
  }

  /// Contract C1 with batch norms in training: which images share a micro-batch depends on no ranks.
  @Test(arguments: SmallObjective.allCases, [2, 4])
  func threadsAndRanksChangeNoBit(objective: SmallObjective, microBatches: Int) throws {
    let c = Case(objective: objective, images: 16, microBatches: microBatches)
    let reference = try Self.outcome(c)
    #expect(try Self.outcome(c.with { $0.microBatches = 1 }).losses[0] != reference.losses[0])
    for (ranks, threads) in [(1, 2), (2, 1), (2, 2), (4, 1)] {
      let found = try Self.outcome(
        c.with {
          $0.ranks = ranks
          $0.threads = threads
          $0.recomputes = ranks == 2
        })
      #expect(found == reference, "\(ranks) ranks, \(threads) threads")
    }
  }

  /// Running statistics move once, by the mean and the variance of all images: for the first layer, whose input no
  /// batch norm has touched, as without micro-batches.
  @Test func runningStatisticsMoveOnceByAllImages() throws {
    let one = try Self.outcome(Case())
    let four = try Self.outcome(Case(microBatches: 4))
    for i in 0..<2 { #expect(maxRelativeToLargest(four.running[i], one.running[i]) < 1e-6) }
  }

  /// With batch norms in training a micro-batch's gradient includes that of its own statistics.
  /// Budget and bound losses are part of the loss, so this covers their gradients at masks too, linear and bilinear.
  @Test(arguments: [
    Case(gated: false, images: 8, shardSize: 2, microBatches: 2, softGates: true),
    Case(gated: true, images: 8, shardSize: 2, microBatches: 2, softGates: true),
    Case(depth: 50, gated: true, images: 8, shardSize: 2, microBatches: 2, softGates: true),
    Case(depth: 16, gated: true, images: 8, shardSize: 2, microBatches: 2, softGates: true),
  ])
  func gradientsMatchFiniteDifferences(_ c: Case) throws {
    let reference = try Self.outcome(c)
    let names = try Self.makeModel(c).store.parameters.map(\.name)
    let budget = c.gated ? reference.losses[1] + reference.losses[2] : 0
    #expect(c.gated == (budget != 0))
    let tensors =
      switch c.depth {
      case 50: ["layer4.1.bn2.bias", "layer4.2.gate1.3.weight", "layer4.2.gate2.3.weight"]
      case 16: ["features.41.bias", "features.34.gate.3.weight", "features.37.gate.3.weight"]
      default: ["layer4.1.bn2.bias"]
      }
    for name in ["projector.3.weight", "projector.1.weight"] + tensors {
      let index = try #require(names.firstIndex(of: name))
      let gradient = reference.gradients[index]
      // Along the gradient: f(w + h·g) − f(w − h·g) = 2h·‖g‖².
      let squares = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }
      let step = 2e-3 / squares.squareRoot()
      func total(_ sign: Double) throws -> Double {
        let losses = try Self.outcome(c) { model in
          let parameter = model.store.parameters[index]
          parameter.array = zip(parameter.array, gradient).map { $0 + Float(sign * step) * $1 }
        }.losses
        return losses[0] + losses[1] + losses[2]
      }
      let slope = try (total(1) - total(-1)) / (2 * step)
      #expect(abs(slope / squares - 1) < 0.02, "\(name): \(slope) for \(squares)")
    }
  }
}
