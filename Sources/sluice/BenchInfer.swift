import ArgumentParser
import Benchmarks
import Collectives
import Configurations
import Datasets
import Layers
import Networks
import Progress
import Tensors
import Training

struct BenchInfer: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "infer",
    abstract: "Times a network's evaluation: without gates, with closed channels set to zero, and left out.",
    usage: """
      sluice bench infer [<CONFIG>] [--set <KEY=VALUE> ...] [<options>]
      sluice bench infer --checkpoint <CHECKPOINT> --data <DATA> [<options>]
      """,
    discussion: """
      Without a checkpoint the weights are random and so are the masks: every channel is open with the probability of \
      --density, on its own. With one, its gates decide, on real images. Rank 0 works alone. Beside the speed: MACs as a \
      share of the dense network's; how many groups of 8 and 16 neighbouring channels are wholly closed, which is all \
      that code for whole blocks could leave out; and how far the features with and without closed channels are from \
      each other, with equal masks (contract C7).

      Examples:
        sluice bench infer --threads 1 --batch 64 --density 0.3,0.5
        sluice bench infer --checkpoint runs/first/checkpoints/latest --data cifar10:DIR
      """)

  @OptionGroup var subject: BenchOptions

  @Option(
    help: ArgumentHelp(
      "A checkpoint: a step-… folder or 'latest'; or FILE.safetensors of 'sluice export'.",
      valueName: "CHECKPOINT"),
    completion: .file(), transform: nonEmptyPath)
  var checkpoint: String?

  @Option(
    help: ArgumentHelp("Images for a checkpoint, for example cifar10:DIR.", valueName: "DATA"),
    completion: .dataset)
  var data: String?

  @OptionGroup var dataOptions: DataOptions

  @Option(help: ArgumentHelp("Images at one time, separated by commas.", valueName: "N,…"))
  var batch = CommaSeparated([1, 16, 64])

  @Option(help: ArgumentHelp("Probabilities of an open channel, separated by commas.", valueName: "D,…"))
  var density = CommaSeparated([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1])

  @OptionGroup var threads: ThreadOptions

  @Option(help: ArgumentHelp("Times that each of the three has its turn.", valueName: "N"))
  var rounds = 5

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    for batch in batch.elements { try requireOption("--batch", batch, in: 1...100_000) }
    for density in density.elements where !(0...1).contains(density) {
      throw ValidationError("--density must be from 0 to 1, got \(density).")
    }
    try requireOption("--rounds", rounds, in: 1...1_000_000)
    guard (checkpoint == nil) == (data == nil) else {
      throw ValidationError(
        "Give --checkpoint and --data together: a checkpoint's masks depend on the images.")
    }
    guard checkpoint == nil || subject.path == nil else {
      throw ValidationError("Give either a configuration file or --checkpoint.")
    }
  }

  func run(on communicator: Communicator) throws {
    let pool = WorkerPool.forKernels(threads: try threads.count(on: communicator))
    let display = progress.display(on: communicator)
    let (configuration, backbone, images) = try measured(on: communicator, pool)
    let report = try communicator.onRoot { _ in
      let options = InferenceBenchmark.Options(
        batches: batch.elements,
        masks: checkpoint == nil ? density.elements.map { .density($0) } : [.own], rounds: rounds)
      var ungated = configuration
      ungated.gates.enabled = false
      let passes = InferencePasses(
        backbone, dense: ungated.makeModel().backbone, images: images, shardSize: configuration.batch.shard,
        pool: pool)
      let rows = try InferenceBenchmark(passes, options).run(showing: display)
      return InferenceReport(
        network: configuration.network.title, imageSize: images.height, threads: pool.threads, rounds: rounds,
        rows: rows)
    }
    if let report { try results.print(report, on: communicator) }
  }

  /// What is measured, on which images.
  private func measured(on communicator: Communicator, _ pool: WorkerPool) throws -> (
    Configuration, any Backbone, Tensor
  ) {
    let count = batch.elements.max() ?? 1
    if let checkpoint, let data {
      let subject = try EvaluatedSubject(
        checkpoint: checkpoint, data: data, dataOptions, threads, on: communicator, quiet: progress.quiet)
      let configuration = subject.trained.configuration
      let images = try communicator.agree {
        try subject.trained.requireGates()
        return try EvaluationBatches(
          subject.images, imageSize: configuration.network.inputSize,
          pieceSize: min(count, subject.images.count)
        ).piece(0).images
      }
      return (configuration, subject.trained.backbone, images)
    }
    let configuration = try InferenceBenchmark.configuration(
      path: subject.path, settings: subject.setting.settings, size: subject.size, threads: pool.threads,
      on: communicator)
    return (
      configuration, configuration.makeModel().backbone,
      InferenceBenchmark.syntheticImages(count, size: configuration.network.inputSize)
    )
  }
}

/// Values that are given as one word.
struct CommaSeparated<Element: LosslessStringConvertible & Sendable>: ExpressibleByArgument, Sendable {
  let elements: [Element]

  init(_ elements: [Element]) { self.elements = elements }

  init?(argument: String) {
    let elements = argument.split(separator: ",", omittingEmptySubsequences: false).map {
      Element(String($0))
    }
    guard elements.allSatisfy({ $0 != nil }) else { return nil }
    self.elements = elements.compactMap(\.self)
  }

  var defaultValueDescription: String { elements.map(\.description).joined(separator: ",") }
}
