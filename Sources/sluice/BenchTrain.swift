import ArgumentParser
import Benchmarks
import Configurations
import Progress
import Training

struct BenchTrain: ParsableCommand {
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

  @Option(help: ArgumentHelp("Threads of a rank (default: its share of the cores).", valueName: "N"))
  var threads: Int?

  @Option(help: ArgumentHelp("Steps that are timed.", valueName: "N"))
  var steps = 10

  @Option(help: ArgumentHelp("Steps before them that are not.", valueName: "N"))
  var warmup = 2

  @Option(help: "Instead of the configuration's.")
  var objective: ObjectiveSettings.Name?

  @Flag(help: "Leave the gates out.")
  var dense = false

  @Flag(
    help: "Take batches from the configuration's data with its loader, so that waiting for data is timed.")
  var loader = false

  @OptionGroup var progress: ProgressOptions

  @Flag(help: "Print one JSON object on standard output.")
  var json = false

  func validate() throws {
    try BenchOptions.require(batch, 2...1_000_000, "--batch")
    try BenchOptions.require(threads, 1...1024, "--threads")
    try BenchOptions.require(steps, 1...1_000_000, "--steps")
    try BenchOptions.require(warmup, 0...1_000_000, "--warmup")
  }

  func run() throws {
    try withRanks { communicator in
      let benchmark = try TrainingBenchmark(options, communicator: communicator)
      let report = try benchmark.run(
        showing: ProgressDisplay(style: communicator.rank == 0 ? progress.style : nil))
      if communicator.rank == 0 { printResult(json ? report.json.line : report.text) }
    }
  }

  private var options: TrainingBenchmarkOptions {
    var options = TrainingBenchmarkOptions()
    options.path = subject.path
    options.settings = subject.settings
    options.size = subject.size
    options.batch = batch
    options.threads = threads
    options.objective = objective
    options.isDense = dense
    options.steps = steps
    options.warmup = warmup
    options.usesLoader = loader
    return options
  }
}

extension ObjectiveSettings.Name: ExpressibleByArgument {}
