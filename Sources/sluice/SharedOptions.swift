import ArgumentParser
import Collectives
import Foundation
import Foundations

/// How a command prints its result.
struct ResultOptions: ParsableArguments {
  @Flag(help: "Print the result as one JSON object on standard output.")
  var json = false

  /// Prints on standard output; rank 0 only.
  func print(_ report: some Report, on communicator: Communicator) {
    guard communicator.rank == 0 else { return }
    printResult(json ? report.json.line : report.text)
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

/// - Throws: `ValidationError` where a number that was given is outside of the range.
func requireOption(_ name: String, _ value: Int?, in range: ClosedRange<Int>) throws {
  guard let value, !range.contains(value) else { return }
  throw ValidationError("\(name) must be from \(range.lowerBound) to \(range.upperBound), got \(value).")
}

extension FileHandle {
  /// Writes a line to standard error.
  static func say(_ line: String) { standardError.write(Data("\(line)\n".utf8)) }
}
