import ArgumentParser

@main
struct Sluice: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice",
    abstract: "Pretrains convolutional networks that choose their own channels, on any number of ranks.",
    discussion: """
      Start it alone for one rank, or on many with mpirun or srun: N ranks give exactly what one would.
      Exit codes: 0 success, 1 failure, 64 wrong usage.
      """,
    version: "0.1.0",
    subcommands: [Pretrain.self, Evaluate.self, MACsCommand.self])
}
