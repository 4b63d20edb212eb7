import ArgumentParser

struct BenchLoss: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "loss", abstract: "Times NT-Xent and its memory for one rank of many.")

  func run() throws {}
}
