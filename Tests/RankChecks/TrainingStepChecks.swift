import Collectives
import Configurations
import GoldenCases
import Layers
import Networks
import Objectives
import Tensors
import TestSupport
import Training

/// What one training step of a small gated network gives.
private struct Outcome {
  /// Objective, budget, bound; standard deviation and effective rank of the projections.
  let losses: [Double]
  let names: [String]
  /// By parameter.
  let gradients: [[Float]]
  /// Of this rank's rows, by gate.
  let masks: [[Float]]

  /// One step from a state, images and noise that are the same on any ranks.
  init(
    _ objective: SmallObjective, images: Int, shardSize: Int, microBatches: Int = 1,
    reducer: any ShardReducer, makeGradients: (ParameterStore) -> any GradientSink
  ) throws {
    let size = 16
    var configuration = Configuration(dataSource: "shapes")
    configuration.network.width = 8
    configuration.network.inputSize = size
    // Else most gradients of a first step are zeros.
    configuration.network.zeroInitResidual = false
    let kind = try objective.settings()
    let backbone = StackedBackbone(configuration.backbone)
    let model = Model(
      backbone: backbone, objective: kind.makeObjective(featureCount: backbone.blueprint.featureCount),
      seed: configuration.seed)

    let layout = BatchLayout(
      batch: images, views: kind.views, turns: kind.turns, shardSize: shardSize, reducer: reducer)
    let width = 3 * size * size
    var numbers = TestNumbers(seed: 31)
    let views = (0..<kind.rowsPerImage).map { _ in numbers.normals(images * width) }
    var settings = TrainingStep.Settings()
    settings.microBatches = microBatches
    let result = try TrainingStep(
      model: model, budget: configuration.budget, settings: settings, pool: .forKernels(threads: 1),
      reducer: reducer, gradients: makeGradients(model.store)
    ).run(
      StepBatch(
        images: Tensor(
          shape: [layout.local.rows, 3, size, size], lanes: 1, layout.rows(views, width: width)),
        layout: layout.local, indices: Array(layout.images), imageCount: images,
        labels: { kind.classCount.map(layout.labels) }), noise: DrawnNoise(seed: 32, layout: layout),
      annealing: 0.9)
    let spread = try EmbeddingSpread(result.projections, layout.local, over: reducer)
    losses = [result.objective, result.budget, result.bound, spread.standardDeviation, spread.effectiveRank]
    names = model.store.parameters.map(\.name)
    gradients = model.store.parameters.map(\.gradientArray)
    masks = result.gates.map(\.mask.values)
  }
}

/// Takes the same step on all ranks together and on this one alone.
private func outcomes(
  _ objective: SmallObjective, images: Int, shardSize: Int, microBatches: Int = 1, _ world: Communicator
) throws -> (together: Outcome, alone: Outcome) {
  let together = try Outcome(
    objective, images: images, shardSize: shardSize, microBatches: microBatches, reducer: world
  ) { GradientReducer(world, gradients: $0.gradients) }
  let alone = try Outcome(
    objective, images: images, shardSize: shardSize, microBatches: microBatches, reducer: LocalShards()
  ) { _ in LocalGradients() }
  // A rank's rows are a run of all rows.
  for (gate, (mine, all)) in zip(together.masks, alone.masks).enumerated() {
    let own = all[world.rank * mine.count..<(world.rank + 1) * mine.count]
    try expect(mine == Array(own), "\(objective): gate \(gate) decided differently")
  }
  return (together, alone)
}

/// Contract C1, for one step.
let trainingStepChecks = [
  RankCheck(
    "a step on runs of shards of equal power-of-two length has one rank's bits",
    obstacle: { 8 % $0 == 0 ? nil : "8 shards are not divisible by \($0) ranks" }
  ) { world in
    for objective in SmallObjective.allCases {
      for microBatches in [1, 2] {
        let (together, alone) = try outcomes(
          objective, images: 16, shardSize: 2, microBatches: microBatches, world)
        try expect(together.losses == alone.losses, "\(objective): \(together.losses), alone \(alone.losses)")
        for (index, parameter) in together.names.enumerated() {
          try expect(
            together.gradients[index] == alone.gradients[index],
            "\(objective), \(microBatches) micro-batches: gradient of \(parameter)")
        }
      }
    }
  },

  RankCheck(
    "a step on runs of any other length is one rank's but for rounding",
    obstacle: { $0 == 3 ? nil : "its 9 shards are for 3 ranks, not for \($0)" }
  ) { world in
    for objective in SmallObjective.allCases {
      let (together, alone) = try outcomes(objective, images: 18, shardSize: 2, world)
      try expect(
        together.gradients != alone.gradients,
        "\(objective): equal bits: the shards' runs do not show rounding")
      for (loss, expected) in zip(together.losses, alone.losses) {
        let gap = abs(loss - expected) / max(1, abs(expected))
        try expect(gap <= 1e-5, "\(objective): \(loss), alone \(expected)")
      }
      for (index, parameter) in together.names.enumerated() {
        let gap = relativeL2(together.gradients[index], alone.gradients[index])
        try expect(gap <= 1e-4, "\(objective): gradient of \(parameter) is off by \(gap)")
      }
    }
  },

  RankCheck(
    "a step's gradients that travel as bf16 are within the tolerance of those that do not",
    obstacle: { $0 > 1 && 8 % $0 == 0 ? nil : "8 shards are for 2, 4 or 8 ranks, not for \($0)" }
  ) { world in
    func gradients(_ precision: GradientPrecision) throws -> [Float] {
      try Outcome(.simclr, images: 16, shardSize: 2, reducer: world) {
        GradientReducer(world, gradients: $0.gradients, precision: precision)
      }.gradients.flatMap(\.self)
    }
    let gap = relativeL2(try gradients(.bf16), try gradients(.f32))
    try expect((1e-6..<5e-3).contains(gap), "off by \(gap)")
  },
]
