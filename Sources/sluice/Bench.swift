import ArgumentParser

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures speed: training steps, the loader, convolutions, the loss, communication.",
    discussion: """
      Numbers mean something on an otherwise idle machine only. Compare ratios of one session.
      """,
    subcommands: [
      BenchTrain.self, BenchLoader.self, BenchKernels.self, BenchLoss.self, BenchCollectives.self,
    ])
}
