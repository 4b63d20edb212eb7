import Collectives
import Foundation
import Foundations
import Layers
import Logging
import Machine
import Progress
import Provenance

/// Prints log lines on standard error without breaking a progress line; ranks other than 0 stay silent.
struct ConsoleLog: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info
  nonisolated(unsafe) let display: ProgressDisplay  // rank 0's main thread alone logs

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    display.message(event.level >= .warning ? "\(event.level): \(event.message)" : "\(event.message)")
  }
}

/// Runs a command's body on every rank, and turns what it throws into one sentence and an exit code.
///
/// What every rank knows is printed by rank 0, and all exit with its code. What only this rank knows takes the
/// whole job down with a line that names the rank.
func withRanks(stopsWhenAsked: Bool, _ body: (Communicator) throws -> Void) throws -> Never {
  let communicator: Communicator
  do {
    communicator = try Communicator.world()
  } catch CollectiveError.separateTasks where ProcessInfo.processInfo.environment["SLURM_PROCID"] != "0" {
    exit(1)  // task 0 says it
  } catch {
    StandardStreams.say("sluice: \(error)")
    exit(1)
  }
  try withRanks(communicator, stopsWhenAsked: stopsWhenAsked, body)
}

/// The same where the communicator is there.
func withRanks(
  _ communicator: Communicator, stopsWhenAsked: Bool, _ body: (Communicator) throws -> Void
) throws -> Never {
  if stopsWhenAsked { communicator.catchStopSignals() } else { communicator.leaveStopSignals() }
  do {
    try communicator.requireSameBuild()
    try communicator.agree { try InstructionSet.checkVariable() }
    try body(communicator)
    noteEnd(0, of: communicator)
    try communicator.finalize()
    exit(0)
  } catch let error as any SharedFailure {
    if communicator.rank == 0 { StandardStreams.say("sluice: \(error)") }
    // 75, EX_TEMPFAIL of sysexits.h: nothing is wrong, and a batch system requeues the job.
    let code: Int32 = error is any StoppedAsAsked ? 75 : 1
    noteEnd(code, of: communicator)
    try? communicator.finalize()
    exit(code)
  } catch let error as UndeliveredResult {
    // Rank 0 alone has a result, and nothing is left to do on any rank.
    StandardStreams.say("sluice: \(error)")
    try? communicator.finalize()
    exit(1)
  } catch {
    communicator.abort(message: "\(error)")
  }
}

/// Tells scripts/launch that nothing is left to do, should the launcher not notice it.
private func noteEnd(_ code: Int32, of communicator: Communicator) {
  if communicator.rank == 0 { LaunchedJob.current?.note(.ended, "\(code)") }
}

/// Says a warning.
func warn(_ text: String) { StandardStreams.say("warning: \(text)") }
