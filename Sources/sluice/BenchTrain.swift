import ArgumentParser
import Benchmarks
import Collectives
import Configurations
import Objectives
import Progress
import Training

struct BenchTrain: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Times whole training steps on synthetic batches, and their parts.",
    usage: "sluice bench train [<CONFIG>] [--set <KEY=VALUE> ...] [<options>]",
    discussion: """
      Steps are those of pretrain: forward, backward, the sum of gradients over ranks, the update. Without a \
      file the network is that of configs/cifar10-simclr.yaml, with the stem that fits the size. Times are \
      rank 0's, the parts those of the median step; peak memory is that of the rank that takes most.

      Examples:
        sluice bench train --threads 1
        sluice bench train --size 224 --batch 16
        scripts/launch -n 2 sluice bench train configs/cifar10-quick.yaml --batch 128
      """)

  @OptionGroup var subject: BenchOptions

  @Option(
    help: ArgumentHelp(
      "Images of all ranks in one step, like batch.global; batch.shard follows it.", valueName: "N"))
  var batch: Int?

  @OptionGroup var threads: ThreadOptions

  @Option(help: ArgumentHelp("Steps that are timed.", valueName: "N"))
  var steps = 10

  @Option(help: ArgumentHelp("Steps before them that are not.", valueName: "N"))
  var warmup = 2

  @Option(help: "Instead of the configuration's.")
  var objective: ObjectiveKind?

  @Flag(help: "Leave the gates out.")
  var dense = false

  @Flag(
    help: "Multiply closed channels like open ones: the same bits, to compare with.")
  var multiplyClosed = false

  @Flag(
    help: "Take batches from the configuration's data with its loader, so that waiting for data is timed.")
  var loader = false

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    try requireOption("--batch", batch, in: 2...1_000_000)
    try requireOption("--steps", steps, in: 1...1_000_000)
    try requireOption("--warmup", warmup, in: 0...1_000_000)
  }

  func run(on communicator: Communicator) throws {
    let benchmark = try TrainingBenchmark(options, communicator: communicator)
    let report = try benchmark.run(
      showing: progress.display(on: communicator))
    try results.print(report, on: communicator)
  }

  private var options: TrainingBenchmarkOptions {
    var options = TrainingBenchmarkOptions()
    options.path = subject.path
    options.settings = subject.setting.settings
    options.size = subject.size
    options.batch = batch
    options.threads = threads.threads
    options.objective = objective
    options.isDense = dense
    options.multipliesClosed = multiplyClosed
    options.steps = steps
    options.warmup = warmup
    options.usesLoader = loader
    return options
  }
}

extension ObjectiveKind: ExpressibleByArgument {}
