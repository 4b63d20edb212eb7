import ArgumentParser

struct BenchCollectives: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collectives",
    abstract: "Measures latency and bandwidth between ranks, and plans for more of them.")

  func run() throws {}
}
