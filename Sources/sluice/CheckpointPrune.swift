import ArgumentParser
import Collectives
import Training

struct CheckpointPrune: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Removes all checkpoints of a run but the newest whole ones.",
    discussion: """
      Reads checkpoints from the newest on until enough were found whole, names the others, damaged ones among them, and \
      removes them. Nothing is removed while a job writes to the folder, or where no checkpoint is whole.

      Example:
        sluice checkpoint prune runs/cifar10-quick --keep 2 --dry-run
      """)

  @OptionGroup var owner: RunOptions

  @Option(help: ArgumentHelp("How many whole checkpoints stay.", valueName: "N"))
  var keep: Int

  @Flag(help: "Remove nothing, only say what would be removed.")
  var dryRun = false

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws { try requireOption("--keep", keep, in: 1...1_000_000) }

  func run(on communicator: Communicator) throws {
    let log = progress.log(beside: progress.display(on: communicator))
    guard
      let pruning = try CheckpointPruning.run(
        in: owner.folder, keeping: keep, isDryRun: dryRun, on: communicator, log: log)
    else { return }
    try results.print(pruning, on: communicator)
  }
}
