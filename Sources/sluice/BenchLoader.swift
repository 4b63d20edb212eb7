import ArgumentParser
import Benchmarks
import Collectives
import Progress

struct BenchLoader: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "loader", abstract: "Times the loader: two augmented views of every picture.",
    usage: "sluice bench loader <DATA> [--set <KEY=VALUE> ...] [<options>]",
    discussion: """
      Views are those of pretrain, made by the same threads, with every augmentation: a crop of 8 to 100 % of the \
      area, colour jitter (probability 0.8), grey (0.2), blur (0.5), solarisation (0.1) and flip (0.5). Every \
      picture is taken once before the clock starts, if there are not more than are timed. The parts are those of a \
      second pass on one thread.

      Examples:
        sluice bench loader imagenet100:/data/imagenet --size 224 --threads 1
        sluice bench loader cifar10:/data/cifar-10-batches-bin --set augmentation.blur_probability=0
      """)

  @Argument(
    help: ArgumentHelp("What to load, as in data.source.", valueName: "DATA"),
    completion: .dataset)
  var source: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Sets one value of a configuration, for example augmentation.hue=0. Repeatable.",
      valueName: "KEY=VALUE"),
    completion: .setting)
  var settings: [String] = []

  @Option(
    help: ArgumentHelp("Height and width of the views in pixels (default: the data set's).", valueName: "N"))
  var size: Int?

  @Option(
    help: ArgumentHelp("Threads of a rank that make views (default: its share of the cores).", valueName: "N")
  )
  var threads: Int?

  @Option(
    help: ArgumentHelp("Images of all ranks (default: all there are, at least 200).", valueName: "N"))
  var images: Int?

  @Option(help: ArgumentHelp("Images of all ranks in a batch (default: up to 32 a rank).", valueName: "N"))
  var batch: Int?

  @OptionGroup var data: DataOptions

  @OptionGroup var progress: ProgressOptions

  @Flag(help: "Print one JSON object on standard output.")
  var json = false

  func validate() throws {
    try BenchOptions.require(size, 8...1024, "--size")
    try BenchOptions.require(threads, 1...1024, "--threads")
    try BenchOptions.require(images, 1...100_000_000, "--images")
    try BenchOptions.require(batch, 1...1_000_000, "--batch")
  }

  func run() throws {
    try withRanks { communicator in
      let benchmark = try LoaderBenchmark(options(on: communicator), communicator: communicator)
      let report = try benchmark.run(
        showing: ProgressDisplay(style: communicator.rank == 0 ? progress.style : nil))
      if communicator.rank == 0 { printResult(json ? report.json.line : report.text) }
    }
  }

  private func options(on communicator: Communicator) throws -> LoaderBenchmarkOptions {
    var options = LoaderBenchmarkOptions()
    options.source = source
    options.dataset = try data.options(on: communicator)
    options.settings = settings
    options.size = size
    options.threads = threads
    options.images = images
    options.batch = batch
    return options
  }
}
