import Configurations
import Datasets
import Images
import Metrics
import Optimizers
import Testing

@testable import Training

@Suite struct TrainingPlanTests {
  /// A plan of a network of width 8 on shapes.
  static func plan(
    images: Int = 8000, ranks: Int = 1, threads: Int = 2, firstStep: Int = 0, _ settings: String...
  ) throws -> TrainingPlan {
    try plan(images: images, ranks: ranks, threads: threads, firstStep: firstStep, settings: settings)
  }

  static func plan(
    images: Int = 8000, ranks: Int = 1, threads: Int = 2, firstStep: Int = 0, settings: [String]
  ) throws -> TrainingPlan {
    let configuration = try ConfigurationFile(
      yaml: """
        data: {source: shapes}
        epochs: 10
        network: {width: 8, stem: cifar, stem_padding: 1}
        objective: {name: simclr, simclr: {projector: [32, 16]}, simsiam: {projector: [32, 16], predictor_hidden: 8}}
        """, path: "c.yaml", settings: settings
    ).resolved(imageSize: 32)
    #expect(configuration.conflict(imageCount: images, worldSize: ranks) == nil)
    return try TrainingPlan(
      configuration,
      data: DataParts(train: ShapesDataset(.train, count: images), test: ShapesDataset(.test, count: 200)),
      model: configuration.makeModel(), ranks: ranks, threads: threads,
      firstStep: firstStep)
  }

  /// Labelled images to compare with are missing: training can go on, evaluation cannot.
  @Test func whyNothingIsEvaluatedIsSaid() throws {
    struct Unlabelled: ImageDataset {
      let name = "unlabelled"
      let count = 64
      let classNames: [String] = []
      let imageSize = 32
      let normalization = Normalization.imageNet
      func label(at index: Int) -> Int? { nil }
      func storedImage(at index: Int) -> StoredImage {
        ShapesDataset(.train, count: 64).storedImage(at: index)
      }
    }
    func plan(_ reference: (any ImageDataset)?) throws -> TrainingPlan {
      let configuration = try ConfigurationFile(
        yaml: "{data: {source: shapes}, batch: {global: 32}, network: {width: 8, stem: cifar}}",
        path: "c.yaml"
      ).resolved(imageSize: 32)
      return try TrainingPlan(
        configuration,
        data: DataParts(train: Unlabelled(), reference: reference, test: ShapesDataset(.test, count: 20)),
        model: configuration.makeModel(), ranks: 1, threads: 1)
    }
    /// Whatever lines it is wrapped into.
    func words(_ plan: TrainingPlan) -> String {
      plan.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    let without = try plan(nil)
    #expect(without.classificationGap == .noLabels)
    #expect(words(without).contains("no labelled images to compare test images with"), "\(without.text)")
    let with = try plan(ShapesDataset(.train, count: 40))
    #expect(with.classificationGap == nil)
    #expect(words(with).contains("shapes train, 40 images; shapes test, 20 images"), "\(with.text)")
  }

  struct Sizes: Sendable {
    let (images, global, shard, ranks): (Int, Int, Int, Int)
    let (local, shards, stepsPerEpoch, dropped, negatives): (Int, Int, Int, Int, Int)
  }

  @Test(arguments: [
    Sizes(
      images: 8000, global: 256, shard: 32, ranks: 1, local: 256, shards: 8, stepsPerEpoch: 31, dropped: 64,
      negatives: 510),
    Sizes(
      images: 8000, global: 96, shard: 16, ranks: 3, local: 32, shards: 2, stepsPerEpoch: 83, dropped: 32,
      negatives: 190),
    Sizes(
      images: 50_000, global: 256, shard: 4, ranks: 64, local: 4, shards: 1, stepsPerEpoch: 195, dropped: 80,
      negatives: 510),
    Sizes(
      images: 1024, global: 1024, shard: 128, ranks: 8, local: 128, shards: 1, stepsPerEpoch: 1, dropped: 0,
      negatives: 2046),
  ])
  func sizesFollowFromBatchImagesAndRanks(_ sizes: Sizes) throws {
    let plan = try Self.plan(
      images: sizes.images, ranks: sizes.ranks, "batch.global=\(sizes.global)", "batch.shard=\(sizes.shard)")
    #expect(plan.localBatchSize == sizes.local)
    #expect(plan.shardsPerRank == sizes.shards)
    #expect(plan.stepsPerEpoch == sizes.stepsPerEpoch)
    #expect(plan.droppedImages == sizes.dropped)
    #expect(plan.lastStep == 10 * sizes.stepsPerEpoch)
    #expect(plan.negativesPerAnchor == sizes.negatives)
  }

  @Test func maxStepsEndsTheRunBeforeItsEpochsDo() throws {
    #expect(try Self.plan("max_steps=7").lastStep == 7)
    #expect(try Self.plan("max_steps=7000").lastStep == 310)
    let plan = try Self.plan(firstStep: 3, "max_steps=7")
    #expect(
      plan.text.contains(
        "\nsteps          31 an epoch, 7 in all (max_steps; 10 epochs would take 310), 3 taken before\n"))
  }

  @Test func microBatchesAreCounted() throws {
    let plan = try Self.plan(ranks: 2, "batch.micro=64")
    #expect(plan.microBatches == 4 && plan.json["micro_batches"] == .integer(4))
    let text = plan.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(
      text.contains(
        "4 shards of 32; 4 micro-batches of 64 images, each with batch statistics of its own steps"))
    #expect(try !Self.plan().text.contains("micro-batches"))
  }

  @Test func aTargetTimeIsSaid() throws {
    let table =
      [
        "family=resnet depth=18 width=8 input_size=32 dense_macs=8871936 group=1",
        "batch=4 threads=1 dense=600 fixed=100",
      ]
      + zip([8, 16, 32, 64], 1...4).flatMap { channels, stage in
        (0...1).map { "gate=layer\(stage).\($0).gate channels=\(channels) open_channel=2" }
      }
    let plan = try Self.plan("gates.target=300us", "gates.latency_table=[\(table.joined(separator: ", "))]")
    #expect(plan.target == 200 / 480.0 && plan.json["target_ms"] == .number(0.3))
    #expect(
      plan.text.contains("gated, target 0.3 ms an image, 41.7 % of the way"), "\(plan.text)")
    let usual = try Self.plan()
    #expect(usual.json["target_ms"] == .null && usual.text.contains("gated, target 50 % of the MACs"))
  }

  @Test func simSiamHasNoNegatives() throws {
    let plan = try Self.plan("objective.name=simsiam")
    #expect(plan.negativesPerAnchor == nil)
    #expect(plan.json["negatives_per_anchor"] == .null)
    #expect(plan.text.contains("\nobjective      simsiam, no negatives\n"))
  }

  @Test(arguments: [("none", 256, 0.4), ("none", 512, 0.4), ("linear", 256, 0.4), ("linear", 4096, 6.4)])
  func linearScalingIsPer256Images(scaling: String, batch: Int, peak: Double) throws {
    let plan = try Self.plan(
      "optimizer.learning_rate=0.4", "optimizer.learning_rate_scaling=\(scaling)", "batch.global=\(batch)")
    #expect(abs(plan.learningRates.peak - peak) < 1e-12)
    #expect(plan.text.contains("up to \(peak)" + (scaling == "linear" ? " (0.4 × \(batch) / 256), " : ", ")))
  }

  /// 10 epochs of 31 steps; the peak is 0.5.
  @Test(arguments: [
    (["schedule.warmup_epochs=20"], "0.238421", "train for more epochs"),
    (["schedule.warmup_epochs=20", "schedule.unit=step"], "0.249194", "train for more epochs"),
    (["schedule.warmup_epochs=2", "schedule.unit=step", "max_steps=31"], "0.241935", "raise max_steps"),
    (["max_steps=1"], "0.003", "raise max_steps"),
  ])
  func whatWarmupReachesIsSaidWhereTheRunEndsInIt(settings: [String], reached: String, cure: String) throws {
    let plan = try Self.plan(settings: settings)
    #expect(plan.text.contains("\nlearning rate  up to \(reached) on the way to 0.5, from "), "\(plan.text)")
    let last = plan.learningRates.rate(step: plan.lastStep - 1, stepsPerEpoch: 31)
    #expect(plan.peakLearningRate == last)
    #expect(plan.json["peak_learning_rate"] == .number(last))
    let epochs = plan.learningRates.warmupEpochs
    #expect(
      plan.scheduleWarning
        == "the run ends in its warm-up of \(epochs) epochs, at a learning rate of \(reached) instead of 0.5: "
        + "\(cure), or lower schedule.warmup_epochs")
    #expect(try Self.plan(firstStep: plan.lastStep, settings: settings).scheduleWarning == nil, "it is over")
  }

  @Test(arguments: [["max_steps=280"], ["max_steps=0"], ["schedule.unit=step", "schedule.warmup_epochs=0"]])
  func whereWarmupEndsOrNothingIsTrainedThereIsNoWarning(settings: [String]) throws {
    let plan = try Self.plan(settings: settings)
    #expect(plan.scheduleWarning == nil)
    #expect(plan.text.contains("\nlearning rate  up to 0.5, from "))
    #expect(plan.json["peak_learning_rate"] == (plan.lastStep == 0 ? .null : .number(0.5)))
  }

  @Test(arguments: [
    (
      ["unit=epoch", "warmup_epochs=4"],
      "from 0.003 over 4 epochs, then a cosine decay to 0, updated every epoch"
    ),
    (["unit=epoch", "warmup_epochs=1"], "from the start, then a cosine decay to 0, updated every epoch"),
    (["unit=step", "warmup_epochs=1"], "from 0 over 1 epoch, then a cosine decay to 0, updated every step"),
    (["unit=step", "warmup_epochs=0"], "from the start, then a cosine decay to 0, updated every step"),
    (["unit=step", "warmup_epochs=10"], "from 0 over 10 epochs, updated every step"),
    (
      ["unit=epoch", "warmup_start=0.1", "final_learning_rate=1e-5"],
      "from 0.1 over 10 epochs, updated every epoch"
    ),
  ])
  func schedulesReadAsTheyRun(settings: [String], words: String) throws {
    let configuration = try ConfigurationFile(
      yaml: "data: {source: shapes}\nepochs: 10", path: "c.yaml",
      settings: settings.map { "schedule.\($0)" }
    ).resolved(imageSize: 32)
    #expect(configuration.learningRates.words == words)
  }

  /// Batch norms and biases by pattern, each tensor counted; nothing under SGD.
  @Test func larsNamesWhatItLeavesAlone() throws {
    let plan = try Self.plan("optimizer.name=lars", "gates.enabled=false")
    #expect(
      plan.text.split(separator: "\n").dropFirst(8).prefix(3).joined(separator: "\n") == """
        not scaled     by LARS, nor decayed: 43 tensors of one dimension, bn1.{weight,bias},
                       layer*.*.bn1.{weight,bias}, layer*.*.bn2.{weight,bias},
                       layer*.*.downsample.1.{weight,bias}, projector.1.{weight,bias}, projector.3.bias
        """)
    #expect(plan.unscaledTensors.count == 43)
    let gated = try Self.plan("optimizer.name=lars")
    #expect(gated.unscaledTensors.count == 43 + 16)
    #expect(gated.text.contains("layer*.*.gate.1.{weight,bias}"))
    #expect(!gated.text.contains("gate.0"))
    #expect(try Self.plan().unscaledTensors.isEmpty)
    #expect(try !Self.plan().text.contains("not scaled"))
    #expect(
      try Self.plan("optimizer.name=lars", "optimizer.exclude_bias_and_norm=false").unscaledTensors.isEmpty)
    // SimSiam's last projector bias is never changed at all.
    let simsiam = try Self.plan("optimizer.name=lars", "objective.name=simsiam")
    #expect(!simsiam.unscaledTensors.contains("projector.6.bias"))
    #expect(simsiam.unscaledTensors.contains("predictor.3.bias"))
  }

  @Test func rowsAreAlignedAndNarrow() throws {
    for line in try Self.plan("optimizer.name=lars").text.split(separator: "\n") {
      #expect(line.count <= 100, "\(line)")
      #expect(line.dropFirst(14).first == " " && line.dropFirst(15).first != " ", "\(line)")
    }
  }

  @Test func jsonHoldsTheNumbers() throws {
    let json = try Self.plan(ranks: 2, firstStep: 31, "optimizer.name=lars").json
    for (key, value) in [
      "train_images": 8000, "test_images": 200, "dropped_images": 64, "ranks": 2, "threads": 2,
      "global_batch": 256, "local_batch": 128, "shard": 32, "shards_per_rank": 4, "epochs": 10,
      "steps_per_epoch": 31, "first_step": 31, "last_step": 310, "negatives_per_anchor": 510,
    ] { #expect(json[key] == .integer(value), "\(key)") }
    #expect(json["optimizer"] == .text("lars"))
    #expect(json["peak_learning_rate"] == .number(0.5))
    #expect(json["target"] == .number(0.5))
  }

  /// A rank's share shrinks with ranks, and grows with the batch; what it shares with nobody stays.
  @Test func memoryFollowsTheImagesOfARank() throws {
    func memory(ranks: Int, batch: Int) throws -> MemoryEstimate {
      try Self.plan(ranks: ranks, threads: 1, "batch.global=\(batch)").memory
    }
    let (one, double, half) = (
      try memory(ranks: 1, batch: 256), try memory(ranks: 1, batch: 512), try memory(ranks: 2, batch: 256)
    )
    #expect(double.batchBytes > one.batchBytes * 1.9)
    #expect(half.batchBytes < one.batchBytes * 0.55)
    #expect(half.bytes > 60e6)
    let (micro, recomputing) = (
      try Self.plan(threads: 1, "batch.micro=64").memory,
      try Self.plan(threads: 1, "memory.recompute=true").memory
    )
    #expect(micro.batchBytes < one.batchBytes * 0.5)
    #expect(recomputing.batchBytes < one.batchBytes * 0.85)
  }
}
