import ArgumentParser
import Collectives
import Foundation
import Foundations
import Version

@main
struct Sluice: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice",
    abstract: "Pretrains convolutional networks that choose their own channels, on any number of ranks.",
    discussion: """
      Start it by itself for one rank, or on many with mpirun or srun: 2, 4, 8 … ranks give the same bits as one.

      Results go to standard output, everything else to standard error.
      Exit codes: 0 success, 1 failure, 64 wrong usage, 75 stopped as requested (run it again to resume).
      """,
    version: "sluice \(Version.description)",
    subcommands: [
      Pretrain.self, SweepCommand.self, PruneCommand.self, PruneStudyCommand.self, RunsCommand.self,
      ReportCommand.self, ReplayCommand.self, VerifyCommand.self, CheckpointCommand.self,
      Evaluate.self, MACsCommand.self,
      Gates.self, Embed.self, ExportCommand.self, DataCommand.self, Bench.self, Doctor.self,
    ])

  static func main() {
    StandardStreams.secure()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      leave(saying: error)
    }
  }

  /// Prints help or what is wrong with the arguments once, however many ranks were given them, and exits.
  private static func leave(saying error: any Error) -> Never {
    var code = exitCode(for: error).rawValue
    // Ranks leave together: a launcher ends the job at the first that fails, before rank 0 has spoken.
    let communicator = try? Communicator.world()
    if communicator?.rank ?? 0 == 0 {
      let text = withOpenWords(fullMessage(for: error))
      do throws(UndeliveredResult) {
        if code == 0 { try StandardStreams.deliver(text) } else { StandardStreams.say(text) }
      } catch {
        StandardStreams.say("sluice: \(error)")
        code = 1
      }
    }
    try? communicator?.finalize()
    Foundation.exit(code)
  }
}
