import ArgumentParser
import Benchmarks
import Collectives
import Foundations

struct BenchEvaluation: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluation",
    abstract: "Times k-NN and logistic regression on made-up features.",
    discussion: """
      k-NN is compared with the matrix product of all features that it needs; scripts/bench_evaluation_peer.py takes the \
      file of --features and compares with scikit-learn.
      """)

  @Option(help: ArgumentHelp("Training images.", valueName: "N"))
  var train = 50_000

  @Option(help: ArgumentHelp("Test images.", valueName: "N"))
  var test = 5_000

  @Option(help: ArgumentHelp("Numbers of an image.", valueName: "N"))
  var dimension = 512

  @Option(help: ArgumentHelp("Classes.", valueName: "N"))
  var classes = 100

  @Option(help: ArgumentHelp("Threads.", valueName: "N"))
  var threads = 1

  @Option(help: ArgumentHelp("Searches to take the fastest of.", valueName: "N"))
  var repeats = 3

  @Option(
    help: ArgumentHelp("Write the features there, as safetensors.", valueName: "FILE"), completion: .file(),
    transform: nonEmptyPath)
  var features: String?

  @OptionGroup var results: ResultOptions

  func validate() throws {
    try requireOption("--train", train, in: 2...10_000_000)
    try requireOption("--test", test, in: 1...10_000_000)
    try requireOption("--dimension", dimension, in: 1...65_536)
    try requireOption("--classes", classes, in: 2...10_000)
    try requireOption("--threads", threads, in: 1...1024)
    try requireOption("--repeats", repeats, in: 1...1000)
  }

  func run(on communicator: Communicator) throws {
    let result = try communicator.onRoot { _ in
      if let features { try DurableFiles.requireWritableFile(features) }
      var benchmark = EvaluationBenchmark()
      (benchmark.trainingImages, benchmark.testImages) = (train, test)
      (benchmark.dimension, benchmark.classes) = (dimension, classes)
      (benchmark.threads, benchmark.repeats) = (threads, repeats)
      benchmark.featuresFile = features
      return try benchmark.run()
    }
    if let result { try results.print(result, on: communicator) }
  }
}
