import Collectives
import Layers
import Networks
import Objectives
import Optimizers
import Tensors
import TestSupport
import Training

/// Runs the training steps of a case and compares everything the case knows, on one rank or on many.
public struct EndToEndRunner {
  public let golden: EndToEndCase
  public let run: EndToEndRun
  /// `batch.shard`: must divide a rank's share of the batch (`EndToEndRun.obstacle`).
  public let shardSize: Int
  public let threads: Int
  public let kernels: ConvolutionKernels
  private let reducer: any ShardReducer
  private let makeGradients: (ParameterStore) -> any GradientSink
  private let layout: BatchLayout
  private let pool: WorkerPool

  /// - Parameter makeGradients: Makes what sums a model's gradients over ranks.
  public init(
    _ golden: EndToEndCase, _ run: EndToEndRun, shardSize: Int, threads: Int = 1,
    kernels: ConvolutionKernels = .auto, reducer: any ShardReducer = LocalShards(),
    makeGradients: @escaping (ParameterStore) -> any GradientSink = { _ in LocalGradients() }
  ) {
    self.golden = golden
    self.run = run
    self.shardSize = shardSize
    self.threads = threads
    self.kernels = kernels
    self.reducer = reducer
    self.makeGradients = makeGradients
    layout = BatchLayout(batch: run.trajectory.config.batch, views: 2, shardSize: shardSize, reducer: reducer)
    pool = .forKernels(threads: threads)
  }

  /// What differs from the reference, and by how much. Every rank compares its own rows, and all of what
  /// ranks have in common.
  public func compare() throws -> [Comparison] {
    var comparisons: [Comparison] = []
    let model = try golden.makeModel(run, kernels: kernels)
    let knowsFirstStep = try golden.firstStepRun?.folder == run.folder
    if knowsFirstStep { comparisons += try compareFirstForward() }
    let images = try imageTensor()
    let configuration = run.trajectory.config
    let step = TrainingStep(
      model: model,
      budget: Budget(target: configuration.target, lambda: configuration.lambda, gamma: configuration.gamma),
      pool: pool, reducer: reducer, gradients: makeGradients(model.store))
    let optimizer = Optimizer(
      model.store, rule: configuration.optimizer.rule, momentum: configuration.optimizer.momentum,
      weightDecay: configuration.optimizer.weightDecay)
    for (number, expected) in run.steps.enumerated() {
      let result = try step.run(
        StepBatch(images: images, layout: layout.local, indices: Array(layout.images)),
        noise: try noise(model, step: number), annealing: configuration.p)
      if number == 0, knowsFirstStep { comparisons += try compareGradients(model.store) }
      comparisons += try compare(result, expected, model, step: number)
      try optimizer.update(learningRate: { _ in configuration.optimizer.lr }, pool: pool)
    }
    guard run.isComparedToTheEnd else { return comparisons }
    return comparisons + (try compareFinalState(model)) + (try compareEvaluation(model))
  }

  // MARK: What goes in

  private func noise(_ model: Model, step: Int) throws -> any GateNoise {
    try StoredNoise(
      run.uniforms, step: step, blocks: model.backbone.blueprint.blocks.map(\.name), layout: layout)
  }

  private func imageTensor() throws -> Tensor {
    let size = run.trajectory.config.input
    let views = try (0..<layout.local.views).map { try golden.images.floats("view\($0)") }
    return Tensor(
      shape: [layout.local.rows, 3, size, size], lanes: 1, layout.rows(views, width: 3 * size * size))
  }

  // MARK: The first step

  /// Outputs of the stem, of blocks and of heads, and what gates decided. On a model of its own, as a forward
  /// pass moves running statistics.
  private func compareFirstForward() throws -> [Comparison] {
    let model = try golden.makeModel(run, kernels: kernels)
    let pass = Pass(
      .training, layout.local, in: Surroundings(pool: pool, reducer: reducer),
      noise: try noise(model, step: 0))
    guard let backbone = model.backbone as? StackedBackbone else {
      preconditionFailure("golden cases are of ResNets")
    }
    let stem = try backbone.stem.forward(try imageTensor(), in: pass)
    let statistics = try backbone.stemBatchNorm.statistics(of: stem, in: pass)
    let pooled =
      try backbone.blueprint.stemPool?.forward(stem, normalizedBy: statistics, in: pass).values ?? stem
    var y = try backbone.stemBatchNorm.normalizeAndPool(pooled, statistics, in: pass)
    var blocks = [("conv1", stem)]
    var gates: [GateRecord] = []
    for block in backbone.blocks {
      let (output, records) = try block.forward(y, in: pass)
      y = output
      gates += records
      blocks.append(("block.\(block.name)", y.map))
    }
    let features = y.means
    var embeddings = [("z", try model.objective.heads[0].forward(features, in: pass))]
    if model.objective.heads.count > 1 {
      embeddings.append(("p", try model.objective.heads[1].forward(embeddings[0].1, in: pass)))
    }
    let names = backbone.blocks.map { "\($0.name).mask_c" }
    let logits = zip(names, gates).map { ("logits.\($0)", $1.logits) }
    let masks = zip(names, gates).map { ("mask.\($0)", $1.mask) }

    let tolerances = run.tolerances
    let costs = firstCosts(gates, backbone.blueprint)
    let known = [("feats", features)] + blocks + embeddings + logits + masks + costs
    return try compareGroup("features", [("feats", features)], tolerances.features)
      + compareGroup("block outputs", blocks, tolerances.blocks)
      + compareGroup("embeddings", embeddings, tolerances.embeddings)
      + compareGroup("gate logits", logits, tolerances.logits)
      + compareExactly("masks", masks) + compareExactly("MACs", costs)
      + [.exact("tensors of step 0 that nothing is compared with", unknown(known.map(\.0)), [])]
  }

  /// Stored outputs of the first step that are none of these.
  private func unknown(_ names: [String]) -> [String] {
    let known = Set((0..<layout.local.views).flatMap { view in names.map { "view\(view).\($0)" } })
    return golden.firstStep.names.filter { $0.hasPrefix("view") && !known.contains($0) }
  }

  /// The relative L2 distance over all tensors of a group, of which some may be stored for one view only and
  /// whole groups not at all.
  private func compareGroup(
    _ what: String, _ tensors: [(name: String, tensor: Tensor)], _ tolerance: Tolerances.Group?
  ) throws -> [Comparison] {
    let pairs = try tensors.flatMap { try storedRows($0.name, $0.tensor) }
    guard !pairs.isEmpty, let tolerance else { return [] }
    return [
      Comparison(
        "\(what), step 0", error: relativeL2(pairs.flatMap(\.found), pairs.flatMap(\.expected)),
        tolerance: Tolerances.accepted(tolerance.relativeL2))
    ]
  }

  private func compareExactly(
    _ what: String, _ tensors: [(name: String, tensor: Tensor)]
  ) throws -> [Comparison] {
    let pairs = try tensors.flatMap { try storedRows($0.name, $0.tensor) }
    return [.exact("\(what), step 0", pairs.flatMap(\.found), pairs.flatMap(\.expected))]
  }

  /// This rank's rows of `view0.<name>` and `view1.<name>`, as far as they are stored.
  private func storedRows(
    _ name: String, _ tensor: Tensor
  ) throws -> [(found: [Float], expected: [Float])] {
    let values = tensor.values
    let width = values.count / tensor.rows
    var pairs: [(found: [Float], expected: [Float])] = []
    for view in 0..<layout.local.views where golden.firstStep.shape(of: "view\(view).\(name)") != nil {
      let stored = try golden.firstStep.floats("view\(view).\(name)")
      for row in 0..<tensor.rows where layout.place(ofRow: row).view == view {
        let image = layout.place(ofRow: row).image
        pairs.append(
          (Array(values[row * width..<(row + 1) * width]), Array(stored[image * width..<(image + 1) * width]))
        )
      }
    }
    return pairs
  }

  /// MACs of every sample: each block's convolutions, and everything.
  private func firstCosts(_ gates: [GateRecord], _ blueprint: Blueprint) -> [(name: String, tensor: Tensor)] {
    let (open, macs) = (gates.openCounts, MACs(blueprint))
    let blocks = open.flatMap { open in
      blueprint.blocks.map { block in Float(block.sites.reduce(0) { $0 + $1.macs(open: open) }) }
    }
    return [
      ("flops_blocks", Tensor(rows: layout.local.rows, columns: blueprint.blocks.count, blocks)),
      ("flops", Tensor(rows: layout.local.rows, columns: 1, open.map { Float(macs.gated(open: $0)) })),
    ]
  }

  private func compareGradients(_ store: ParameterStore) throws -> [Comparison] {
    var found: [Float] = []
    var expected: [Float] = []
    for parameter in store.parameters where parameter.isTrainable {
      guard
        let name = golden.firstStep.names.first(where: {
          $0.hasPrefix("grad.") && EndToEndCase.name(String($0.dropFirst(5))) == parameter.name
        })
      else { return [Comparison("gradient of \(parameter.name) is not stored", error: 1, tolerance: 0)] }
      found += parameter.gradientArray
      expected += try golden.firstStep.floats(name)
    }
    return [
      Comparison(
        "gradients, step 0", error: relativeL2(found, expected),
        tolerance: Tolerances.accepted(run.tolerances.gradients.relativeL2))
    ]
  }

  // MARK: Every step

  private func compare(
    _ result: TrainingStep.Result, _ expected: Trajectory.Step, _ model: Model, step: Int
  ) throws -> [Comparison] {
    let macs = MACs(model.backbone.blueprint)
    var costs = [Int64](repeating: 0, count: layout.local.views)
    for (row, open) in result.gates.openCounts.enumerated() {
      costs[layout.local.view(ofRow: row)] += macs.gated(open: open)
    }
    let means = try reducer.sum(costs).map { Double($0) / Double(run.trajectory.config.batch) }
    return [
      .exact("MACs, step \(step)", means + [Double(macs.dense)], expected.flops + [expected.denseFlops]),
      Comparison(
        "total, step \(step)", error: abs(result.total - expected.total) / max(1, abs(expected.total)),
        tolerance: Tolerances.accepted(run.tolerances.totalError[step])),
      .scalar(
        "objective, step \(step)", result.objective, expected.ssl,
        absolute: Tolerances.accepted(run.tolerances.sslAbsolute[step])),
      // Masks are equal, so these have nothing left to differ in.
      .tensor("budget, step \(step)", result.views.map(\.budget), expected.spar, relativeToLargest: 1e-9),
      .tensor("bound, step \(step)", result.views.map(\.bound), expected.bound, relativeToLargest: 1e-9),
      .scalar(
        "gradient norm, step \(step)", model.store.gradientNorm, expected.gradientNorm,
        relative: Tolerances.accepted(run.tolerances.gradientNormRelative[step])),
    ]
  }

  // MARK: The end

  private func compareFinalState(_ model: Model) throws -> [Comparison] {
    var found: [String: [Float]] = [:]
    for parameter in model.store.parameters { found[parameter.name] = parameter.array }
    var running: [String: [Float]] = [:]
    for norm in model.batchNorms {
      running["\(norm.name).running_mean"] = norm.runningMean
      running["\(norm.name).running_var"] = norm.runningVariance
    }
    func compare(_ what: String, _ ours: [String: [Float]], _ tolerance: Tolerances.Group) throws
      -> Comparison
    {
      var (a, b): ([Float], [Float]) = ([], [])
      for name in run.final.names {
        guard let values = ours[EndToEndCase.name(name)] else { continue }
        a += values
        b += try run.final.floats(name)
      }
      let complete = a.count == ours.values.reduce(0) { $0 + $1.count }
      return Comparison(
        "\(what) after the last step", error: complete ? relativeL2(a, b) : .infinity,
        tolerance: Tolerances.accepted(tolerance.relativeL2))
    }
    return [
      try compare("parameters", found, run.tolerances.finalParameters),
      try compare("running statistics", running, run.tolerances.finalRunning),
    ]
  }

  /// Features, masks and MACs of view 0 without noise; not stored where a logit was too close to 0.
  private func compareEvaluation(_ model: Model) throws -> [Comparison] {
    guard run.final.shape(of: "eval.feats") != nil else { return [] }
    let size = run.trajectory.config.input
    let width = 3 * size * size
    let rows = Array(
      try golden.images.floats("view0")[layout.images.lowerBound * width..<layout.images.upperBound * width])
    let images = Tensor(shape: [layout.images.count, 3, size, size], lanes: 1, rows)
    let pass = Pass(.evaluation, rows: images.rows, shardSize: shardSize, pool: pool)
    let (features, gates) = try model.backbone.forward(images, in: pass)
    let macs = MACs(model.backbone.blueprint)
    func expected(_ name: String, width: Int) throws -> [Float] {
      Array(try run.final.floats(name)[layout.images.lowerBound * width..<layout.images.upperBound * width])
    }
    var comparisons = [
      Comparison(
        "features in evaluation",
        error: relativeL2(features.values, try expected("eval.feats", width: features.channels)),
        tolerance: Tolerances.accepted(run.tolerances.evalFeatures.relativeL2)),
      .exact(
        "MACs in evaluation", gates.openCounts.map { Float(macs.gated(open: $0)) },
        try expected("eval.flops", width: 1)),
    ]
    for (block, record) in zip(model.backbone.blueprint.blocks, gates) {
      let name = "eval.mask.\(block.name).mask_c"
      comparisons.append(
        .exact(name, record.mask.values, try expected(name, width: record.mask.channels)))
    }
    return comparisons
  }
}

extension [GateRecord] {
  /// Open channels by row and gate.
  fileprivate var openCounts: [[Int]] { openByRow.map { $0.map { Int($0) } } }
}
