import ArgumentParser
import Collectives
import Logging
import Progress

/// How much a command says while it works.
struct ProgressOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Progress on standard error; auto: a bar on a terminal, else lines.", valueName: "style"))
  var progress = ProgressStyle.auto

  @Flag(name: .shortAndLong, help: "Print only warnings, errors and the result.")
  var quiet = false

  /// nil: no progress is shown.
  var style: ProgressStyle? { quiet ? nil : progress }

  /// Where rank 0 says what happens, above the progress that `display` shows.
  func log(beside display: ProgressDisplay) -> Logger {
    Logger(label: "sluice") { _ in ConsoleLog(logLevel: quiet ? .warning : .info, display: display) }
  }

  /// Where rank 0 shows its progress; other ranks show nothing.
  func display(on communicator: Communicator) -> ProgressDisplay {
    ProgressDisplay(style: communicator.rank == 0 ? style : nil)
  }
}

extension ProgressStyle: ExpressibleByArgument {}
