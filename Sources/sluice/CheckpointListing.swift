import ArgumentParser
import Collectives
import Training

struct CheckpointListing: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract:
      "Lists the checkpoints of a run: step, epoch, size, and whether its files are there in full length.",
    discussion: """
      Bytes are not read: 'sluice checkpoint verify' does that.

      Example:
        sluice checkpoint list runs/cifar10-quick
      """)

  @OptionGroup var owner: RunOptions

  @OptionGroup var results: ResultOptions

  func run(on communicator: Communicator) throws {
    guard let list = try communicator.onRoot({ _ in try CheckpointList(of: owner.folder, verifying: false) })
    else { return }
    try results.print(list, on: communicator)
  }
}
