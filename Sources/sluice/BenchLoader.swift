import ArgumentParser
import Benchmarks
import Collectives
import Progress

struct BenchLoader: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "loader", abstract: "Times the loader: two augmented views of every image.",
    usage: "sluice bench loader <DATA> [--set <KEY=VALUE> ...] [<options>]",
    discussion: """
      Views are those of pretrain, made by the same threads, with every augmentation: a crop of 8 to 100 % of the \
      area, colour jitter (probability 0.8), grey (0.2), blur (0.5), solarisation (0.1) and flip (0.5). Every \
      image is taken once before the clock starts, if there are not more than are timed. The parts are those of a \
      second pass on one thread.

      Examples:
        sluice bench loader imagenet100:/data/imagenet --size 224 --threads 1
        sluice bench loader cifar10:/data/cifar-10-batches-bin --set augmentation.blur_probability=0
      """)

  @Argument(
    help: ArgumentHelp("What to load, as in data.source.", valueName: "DATA"),
    completion: .dataset)
  var source: String

  @OptionGroup var setting: SettingOptions

  @Option(
    help: ArgumentHelp("Height and width of the views in pixels (default: the data set's).", valueName: "N"))
  var size: Int?

  @OptionGroup var threads: ThreadOptions

  @Option(
    help: ArgumentHelp("Images of all ranks (default: all there are, at least 200).", valueName: "N"))
  var images: Int?

  @Option(help: ArgumentHelp("Images of all ranks in a batch (default: up to 32 a rank).", valueName: "N"))
  var batch: Int?

  @OptionGroup var data: DataOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    try requireOption("--size", size, in: 8...1024)
    try requireOption("--images", images, in: 1...100_000_000)
    try requireOption("--batch", batch, in: 1...1_000_000)
  }

  func run(on communicator: Communicator) throws {
    let benchmark = try LoaderBenchmark(options(on: communicator), communicator: communicator)
    let report = try benchmark.run(
      showing: progress.display(on: communicator))
    try results.print(report, on: communicator)
  }

  private func options(on communicator: Communicator) throws -> LoaderBenchmarkOptions {
    var options = LoaderBenchmarkOptions()
    options.source = source
    options.classList = try data.options(on: communicator).classList
    options.settings = setting.settings
    options.size = size
    options.threads = threads.threads
    options.images = images
    options.batch = batch
    return options
  }
}
