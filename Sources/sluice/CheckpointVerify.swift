import ArgumentParser
import Collectives
import Foundation
import Training

struct CheckpointVerify: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Reads every checkpoint of a run, and names the files that are not what was written.",
    discussion: """
      Compares each file with the SHA-256 in its manifest. The exit code is 1 if any checkpoint is damaged.

      Example:
        sluice checkpoint verify runs/cifar10-quick
      """)

  @OptionGroup var owner: RunOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func run(on communicator: Communicator) throws {
    let display = progress.display(on: communicator)
    let list = try communicator.onRoot { _ in
      try display.following("reading checkpoints") { report in
        try CheckpointList(of: owner.folder, verifying: true, progress: report)
      }
    }
    if let list { try results.print(list, on: communicator) }
    let areWhole = try communicator.broadcast([list?.areWhole == false ? 0 : 1]) == [1]
    try communicator.finalize()
    Foundation.exit(areWhole ? 0 : 1)
  }
}
