import ArgumentParser
import Training

struct CheckpointCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checkpoint",
    abstract: "Looks after the checkpoints of a run.",
    subcommands: [CheckpointListing.self, CheckpointVerify.self, CheckpointPrune.self])
}

/// Whose checkpoints a person means.
struct RunOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("A run's folder.", valueName: "RUN"), completion: .directory, transform: nonEmptyPath)
  var path: String

  var folder: RunFolder { RunFolder(path) }
}
