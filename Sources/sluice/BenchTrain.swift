import ArgumentParser

struct BenchTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Times whole training steps on synthetic batches, and their parts.")

  func run() throws {}
}
