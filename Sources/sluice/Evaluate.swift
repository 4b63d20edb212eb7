import ArgumentParser

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures what a checkpoint's features are worth.", subcommands: [EvaluateKNN.self])
}
