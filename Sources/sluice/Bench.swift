import ArgumentParser

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Measures speed: training steps, the loader, convolutions, the loss, communication, evaluation, inference.",
    discussion: """
      Numbers are meaningful only on an otherwise idle machine. Compare ratios measured in one session.
      """,
    subcommands: [
      BenchTrain.self, BenchLoader.self, BenchKernels.self, BenchLoss.self, BenchCollectives.self,
      BenchEvaluation.self, BenchInfer.self, BenchLatency.self,
    ])
}
