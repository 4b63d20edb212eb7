import ArgumentParser
import Collectives
import DataTools
import Datasets
import Foundation
import Progress
import Tensors

struct DataVerify: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Decodes every image of a data set and names those that cannot be used.",
    discussion: """
      Ranks and threads share the work. The exit code is 1 if anything was found.

      Example:
        mpirun -np 4 sluice data verify imagenet100:DIR
      """)

  @OptionGroup var data: DataSourceOptions

  @Flag(help: "Count the decoders' warnings, too, such as a missing end marker.")
  var strict = false

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func run(on communicator: Communicator) throws {
    let parts = try data.open(on: communicator)
    let display = progress.display(on: communicator)
    let found = try display.following("decoding \(parts.imageCount) images") { report in
      try DataVerification(
        of: parts, strict: strict, pool: try data.pool(on: communicator), communicator: communicator,
        progress: report)
    }
    if communicator.rank == 0 {
      for warning in parts.warnings { display.message("warning: \(warning)") }
      try results.print(found, on: communicator)
    }
    try communicator.finalize()
    Foundation.exit(found.findings.isEmpty ? 0 : 1)
  }
}
