import ArgumentParser
import Benchmarks
import Collectives

struct BenchLoss: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "loss",
    abstract: "Times NT-Xent and its memory for one rank of many.",
    discussion: """
      The other ranks are simulated: nothing is sent. The default is a global batch of 8,192 images on 64 ranks.
      """)

  @Option(help: ArgumentHelp("Embeddings of all ranks, two for each image.", valueName: "N"))
  var embeddings = 16_384

  @Option(help: ArgumentHelp("Numbers in an embedding.", valueName: "N"))
  var dimension = 128

  @Option(help: ArgumentHelp("Ranks that share the embeddings.", valueName: "N"))
  var ranks = 64

  @Option(help: ArgumentHelp("Temperature of the loss.", valueName: "T"))
  var temperature = 0.2

  @Option(help: ArgumentHelp("Threads of the one rank.", valueName: "N"))
  var threads = 1

  @Option(help: ArgumentHelp("Losses and gradients to take the median of.", valueName: "N"))
  var repeats = 5

  @OptionGroup var results: ResultOptions

  private var benchmark: LossBenchmark {
    get throws {
      do {
        return try LossBenchmark(
          embeddings: embeddings, dimension: dimension, ranks: ranks, temperature: temperature,
          threads: threads, repeats: repeats)
      } catch { throw ValidationError("\(error)") }
    }
  }

  func validate() throws { _ = try benchmark }

  func run(on communicator: Communicator) throws {
    guard communicator.rank == 0 else { return }
    let result = try benchmark.run()
    try results.print(result, on: communicator)
  }
}
