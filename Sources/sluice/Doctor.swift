import ArgumentParser
import Collectives
import Diagnosis
import Foundation
import Machine
import Provenance

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what Sluice runs on here, what will be slow or wrong, and what to do about it.",
    discussion: """
      Start it as you would start a training, for example: scripts/launch sluice doctor --run DIR
      One table shows all ranks; lines marked with ! differ between ranks and should not. Findings are SLOW \
      (takes longer than it has to), RISK (works, and may fail, be lost or not be repeatable) or WRONG.
      Exit codes: 0 nothing is wrong, 1 something is, 64 wrong usage.
      """)

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp("The folder that a run would write to; it need not exist.", valueName: "DIR"),
    completion: .directory, transform: nonEmptyPath)
  var runFolder = "runs"

  @OptionGroup var results: ResultOptions

  func run() throws {
    var failures: [Finding] = []
    let communicator: Communicator
    do {
      communicator = try Communicator.world()
    } catch CollectiveError.separateTasks {
      // A finding of its own; the other tasks would only repeat it.
      if ProcessInfo.processInfo.environment["SLURM_PROCID"] ?? "0" != "0" { Foundation.exit(1) }
      communicator = .alone()
    } catch {
      communicator = .alone()
      failures = [
        Finding(
          .wrong, problem: "MPI does not start: \(error)",
          advice: "use the launcher that belongs to \(Communicator.mpiLibrary), or repair its installation")
      ]
    }
    try withRanks(communicator, stopsWhenAsked: false) { communicator in
      let threads = try communicator.placement().threads
      let environments = try Environment.gather(communicator, threads: threads)
      let barrierSeconds = try barrierSeconds(communicator)
      let report =
        communicator.rank == 0
        ? DoctorReport(
          environments, fileSystem: FileSystem(probing: runFolder), barrierSeconds: barrierSeconds,
          more: failures) : nil
      let isWrong = try communicator.broadcast(value: report?.isWrong ?? false)
      if let report { try results.print(report, on: communicator) }
      try communicator.finalize()
      Foundation.exit(isWrong ? 1 : 0)
    }
  }

  /// What a barrier takes on average, after a few that wake everybody up; nil on one rank.
  private func barrierSeconds(_ communicator: Communicator) throws -> Double? {
    guard communicator.worldSize > 1 else { return nil }
    for _ in 0..<5 { try communicator.barrier() }
    let begin = ContinuousClock.now
    for _ in 0..<20 { try communicator.barrier() }
    return (ContinuousClock.now - begin) / .seconds(20)
  }
}
