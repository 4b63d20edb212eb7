import ArgumentParser

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures the quality of a checkpoint's features.",
    subcommands: [EvaluateKNN.self, EvaluateLinear.self, EvaluateTransfer.self, EvaluateFinetune.self])
}
