internal import CSignals
import Foundation
import Foundations
import Machine
import Tensors

/// The ranks of a job: everything that crosses ranks goes through the one communicator of a process.
///
/// A process that no launcher started is a world of one and needs no MPI; neither does any method then.
/// Otherwise every method that communicates is called by all ranks, in the same order, from the thread that
/// made the communicator, and returns when this rank's part is done.
///
/// Statistics, control and the two phases of gradient sums have an MPI communicator each, so that sums in the
/// background cannot be mixed up with blocking calls (`GradientReducer`).
public final class Communicator: ShardReducer {
  public let rank: Int
  public let worldSize: Int
  public let hostName: String
  /// The ranks' channels; nil in a world of one, which talks to nobody.
  package let channels: Channels?
  /// Where this rank is among the collectives.
  package let place = NotedPlace()
  /// How long one of a run's collectives may take before the ranks that did not come are named and the job ends.
  public var collectiveTimeout = Duration.seconds(600)
  private let runtime: MPIRuntime?
  private var isFinished = false

  package struct Channels {
    package let statistics: any Channel
    package let control: any Channel
    let scatter: any Channel
    let gather: any Channel

    package init(
      statistics: any Channel, control: any Channel, scatter: any Channel, gather: any Channel
    ) {
      self.statistics = statistics
      self.control = control
      self.scatter = scatter
      self.gather = gather
    }
  }

  /// One rank of a world that these channels connect: of threads, in tests.
  package convenience init(channels: Channels) {
    self.init(
      runtime: nil, channels: channels, rank: channels.control.rank, worldSize: channels.control.size)
  }

  private init(runtime: MPIRuntime?, channels: Channels?, rank: Int, worldSize: Int) {
    self.runtime = runtime
    self.channels = channels
    self.rank = rank
    self.worldSize = worldSize
    hostName = RunningProcess.current.hostName
  }

  /// The communicator of this process: all ranks of the job if a launcher started it, else a world of one.
  /// Once per process where a launcher did.
  ///
  /// - Throws: `CollectiveError` if MPI does not start, or does not see the other tasks that srun started.
  public static func world() throws -> Communicator {
    let environment = ProcessInfo.processInfo.environment
    let tasks = MPIRuntime.stepTaskCount(environment) ?? 1
    // MPI leaves alone what has a handler when it starts.
    signals_tell_faults("sluice")
    guard MPIRuntime.isLaunched(environment) else {
      guard tasks == 1 else { throw CollectiveError.separateTasks(count: tasks) }
      return .alone()
    }
    LaunchedJob.current?.noteStart()
    let runtime = try MPIRuntime()
    let control = try MPIChannel()
    guard control.size > 1 else {
      try control.close()
      guard tasks == 1 else { throw CollectiveError.separateTasks(count: tasks) }
      return Communicator(runtime: runtime, channels: nil, rank: 0, worldSize: 1)
    }
    answerEmergencies(rank: control.rank)
    signals_tell_faults("sluice: rank \(control.rank) on \(RunningProcess.current.hostName)")
    let channels = Channels(
      statistics: try MPIChannel(), control: control, scatter: try MPIChannel(), gather: try MPIChannel())
    return Communicator(
      runtime: runtime, channels: channels, rank: control.rank, worldSize: control.size)
  }

  /// Begins a blocking collective, and returns nil in a world of one.
  ///
  /// - Parameter purpose: What a person is told where this rank waits in it for ever.
  @discardableResult
  func meet<Result>(_ purpose: CollectivePurpose, _ body: (Channels) throws -> Result) rethrows -> Result? {
    guard let channels else { return nil }
    place.enter(purpose)
    defer { place.leave() }
    return try body(channels)
  }

  /// How many tasks the launcher says it started together with this process, itself included; nil: no launcher.
  package static func launchedTasks(_ environment: [String: String]) -> Int? {
    ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"].compactMap {
      environment[$0].flatMap(Int.init)
    }
    .first ?? MPIRuntime.stepTaskCount(environment)
  }

  /// A world of one, whoever started this process.
  public static func alone() -> Communicator {
    Communicator(runtime: nil, channels: nil, rank: 0, worldSize: 1)
  }

  /// The MPI library that this program is linked with, for reports.
  public static var mpiLibrary: String { MPIRuntime.library }

  /// How freely threads may call MPI, for reports; nil in a world of one that no launcher started.
  public var mpiThreadLevel: String? { runtime.map { "\($0.threadLevel)" } }

  /// Ends communication; every rank calls it before it exits successfully. Further calls do nothing.
  ///
  /// - Throws: `CollectiveError`.
  public func finalize() throws {
    guard !isFinished else { return }
    isFinished = true
    if let channels {
      for channel in [channels.statistics, channels.control, channels.scatter, channels.gather] {
        try channel.close()
      }
    }
    try runtime?.finish()
  }

  /// Ends the whole job at once: one line on standard error that names this rank, its host and the cause,
  /// then exit code 1 for every rank. For failures that the other ranks do not know of.
  public func abort(message: String) -> Never {
    guard !isFinished, runtime != nil else {
      Self.say(message, rank: rank, on: hostName)
      exit(1)
    }
    Self.endJob(saying: message, rank: rank, on: hostName)
  }

  /// The same for what cannot be thrown, on whatever thread it happens.
  private static func answerEmergencies(rank: Int) {
    let hostName = RunningProcess.current.hostName
    Emergency.answer { endJob(saying: $0, rank: rank, on: hostName) }
  }

  /// The same from any thread, within seconds even where the other ranks cannot be reached.
  static func endJob(saying message: String, rank: Int, on hostName: String) -> Never {
    // MPI waits for a launcher that may wait for a host behind a network that was cut.
    signals_end_within(secondsToAbort)
    say(message, rank: rank, on: hostName)
    LaunchedJob.current?.note(.failed, message)
    // A launcher that hears of the abort before it reads the line throws the line away (MPICH's Hydra does).
    Thread.sleep(forTimeInterval: 0.2)
    MPIRuntime.abort(exitCode: 1)
    _exit(1)
  }

  private static let secondsToAbort: UInt32 = 3

  private static func say(_ message: String, rank: Int, on hostName: String) {
    StandardStreams.say("sluice: rank \(rank) on \(hostName): \(oneLine(message))")
  }
}

/// `text` without line breaks, so that a message stays one line among those of other ranks.
func oneLine(_ text: String) -> String {
  text.split(whereSeparator: \.isNewline).joined(separator: " ")
}
