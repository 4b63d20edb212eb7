import ArgumentParser
import Collectives
import Foundation
import Foundations

/// How a command prints its result.
struct ResultOptions: ParsableArguments {
  @Flag(help: "Print the result as one JSON object on standard output.")
  var json = false

  /// Prints on standard output; rank 0 only. The last thing that a command does.
  ///
  /// - Throws: `UndeliveredResult`.
  func print(_ report: some Report, on communicator: Communicator) throws(UndeliveredResult) {
    guard communicator.rank == 0 else { return }
    try StandardStreams.deliver(json ? report.json.line : report.text)
  }
}

/// Values laid over those of a configuration.
struct SettingOptions: ParsableArguments {
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Replaces one value of the configuration, for example epochs=20. Repeatable.",
      valueName: "KEY=VALUE"),
    completion: .setting)
  var settings: [String] = []
}

struct ThreadOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Threads of a rank (default: its share of the cores).", valueName: "N"))
  var threads: Int?

  func validate() throws { try requireOption("--threads", threads, in: 1...1024) }

  /// What was asked for, or the rank's share of the cores.
  ///
  /// - Throws: `CollectiveError`; all ranks call it.
  func count(on communicator: Communicator) throws -> Int {
    let share = try communicator.placement().threads
    return threads ?? share
  }
}

/// Who may write to a folder.
struct TakeOverOptions: ParsableArguments {
  @Flag(
    name: .customLong("take-over"),
    help: "Write to the folder even if another job seems to hold it; if that is alive, it stops.")
  var isForced = false
}

/// How long ranks of a run wait for each other.
struct PatienceOptions: ParsableArguments {
  @Option(
    name: .customLong("collective-timeout"),
    help: ArgumentHelp(
      "How long a rank waits for others before it names those that did not come and ends the job, such as 90s or 1h.",
      valueName: "TIME"))
  var timeout = WaitingTime(seconds: 600)

  func apply(to communicator: Communicator) { communicator.collectiveTimeout = .seconds(timeout.seconds) }
}

/// A length of time above zero as a person types it.
struct WaitingTime: ExpressibleByArgument {
  let seconds: Int

  init(seconds: Int) { self.seconds = seconds }

  init?(argument: String) {
    guard let seconds = Foundations.seconds(fromDuration: argument), seconds > 0 else { return nil }
    self.seconds = seconds
  }

  var defaultValueDescription: String { seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s" }
}

/// - Throws: `ValidationError` where a number that was given is outside of the range.
func requireOption(_ name: String, _ value: Int?, in range: ClosedRange<Int>) throws {
  guard let value, !range.contains(value) else { return }
  throw ValidationError("\(name) must be from \(range.lowerBound) to \(range.upperBound), got \(value).")
}

/// What a person gave as the path of a file or folder.
///
/// - Throws: `ValidationError` for nothing, which is what a shell makes of a variable that is not set.
func nonEmptyPath(_ text: String) throws -> String {
  guard !text.isEmpty else {
    throw ValidationError("a path must not be empty; is a variable in the command not set?")
  }
  return text
}
