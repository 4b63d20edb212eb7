import ArgumentParser
import Benchmarks
import Collectives

struct BenchCollectives: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "collectives",
    abstract: "Measures latency and bandwidth between ranks, and plans for more of them.",
    discussion: """
      Measures small exchanges, the all-gather of embeddings and the sum of a configuration's gradients between the \
      ranks of the job, one rank a node for what a network does; --steps says how much of that training hides. \
      --plan predicts from these, or from a network that is described, what a step would take on other numbers of \
      nodes: every rank computes a few steps without communication, and the model adds what they would exchange.

      Examples:
        scripts/launch --ranks-per-node 1 sluice bench collectives configs/cifar10-simclr.yaml --batch 64 --plan
        sluice bench collectives configs/imagenet100-simclr.yaml --plan --latency 20 --bandwidth 25 --step-ms 900
      """)

  @OptionGroup var file: ConfigurationOptions

  @Option(
    help: ArgumentHelp("Images of a rank in a step (default: its share of batch.global).", valueName: "N"))
  var batch: Int?

  @Option(
    help: ArgumentHelp(
      "Take this many training steps and report how much communication they hide.", valueName: "N"))
  var steps = 0

  @Flag(help: "Predict a step's time on other numbers of nodes.")
  var plan = false

  @Option(help: ArgumentHelp("Numbers of nodes to plan for, separated by commas.", valueName: "N,…"))
  var nodes = "2,4,8,64,1024"

  @Option(help: ArgumentHelp("Ranks on every node that is planned for.", valueName: "N"))
  var ranksPerNode = 1

  @Option(
    help: ArgumentHelp(
      "Plan for a network on which a small message takes this long, in microseconds.", valueName: "US"))
  var latency: Double?

  @Option(
    help: ArgumentHelp("Plan for nodes with links of this speed each way, in Gbit/s.", valueName: "GBIT"))
  var bandwidth: Double?

  @Option(
    help: ArgumentHelp(
      "Plan for ranks that take this long for a step by themselves (default: as measured here).",
      valueName: "MS"))
  var stepMs: Double?

  @OptionGroup var results: ResultOptions

  private var nodeCounts: [Int?] { nodes.split(separator: ",").map { Int($0) } }

  func validate() throws {
    if let batch, batch < 1 { throw ValidationError("--batch must be at least 1, got \(batch).") }
    guard steps >= 0 else { throw ValidationError("--steps must be at least 0, got \(steps).") }
    guard ranksPerNode >= 1 else {
      throw ValidationError("--ranks-per-node must be at least 1, got \(ranksPerNode).")
    }
    guard !nodeCounts.isEmpty, nodeCounts.allSatisfy({ $0.map { (1...1 << 20).contains($0) } ?? false })
    else {
      throw ValidationError("--nodes takes numbers of nodes, for example 2,4,8, got '\(nodes)'.")
    }
    guard (latency == nil) == (bandwidth == nil) else {
      throw ValidationError("Give --latency and --bandwidth together, or neither.")
    }
    for (name, value) in [("latency", latency), ("bandwidth", bandwidth), ("step-ms", stepMs)] {
      guard let value else { continue }
      guard plan else { throw ValidationError("--\(name) is for --plan.") }
      guard value > 0, value.isFinite else {
        throw ValidationError("--\(name) must be above 0, got \(value).")
      }
    }
  }

  func run(on communicator: Communicator) throws {
    var options = CollectiveOptions()
    options.batch = batch
    options.steps = steps
    options.nodes = plan ? nodeCounts.compactMap(\.self) : nil
    options.ranksPerNode = ranksPerNode
    if let latency, let bandwidth {
      options.link = .init(latency: latency / 1e6, bandwidth: bandwidth * 1e9 / 8)
    }
    options.stepSeconds = stepMs.map { $0 / 1e3 }
    let report = try CollectiveBenchmark(
      try file.load(on: communicator).resolved(
        imageSize: CollectiveBenchmark.usualImageSize, classCount: CollectiveBenchmark.usualClassCount,
        on: communicator),
      options: options, communicator: communicator
    ).run()
    try results.print(report, on: communicator)
  }
}
