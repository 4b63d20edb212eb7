import ArgumentParser
import Studies

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "Looks at the runs below a folder: where they stand and what they reached.",
    usage: """
      sluice runs <DIR> [--best <METRIC>] [--where <KEY=VALUE> ...] [--json]
      sluice runs show <RUN> [--json]
      sluice runs export <DIR> --output <FILE.csv|FILE.json> [--best <METRIC>] [--where <KEY=VALUE> ...]
      """,
    subcommands: [RunsList.self, RunsShow.self, RunsExport.self], defaultSubcommand: RunsList.self)
}

/// Which runs a person asks for.
struct RunSelectionOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("The folder that the runs lie in, at any depth.", valueName: "DIR"),
    completion: .directory, transform: nonEmptyPath)
  var folder: String

  @Option(
    help: ArgumentHelp(
      "Put the best first by knn, nearest, linear, macs_share, loss or seconds.", valueName: "METRIC"))
  var best: String?

  @Option(
    name: .customLong("where"), parsing: .singleValue,
    help: ArgumentHelp(
      "Only runs whose configuration has this value, or with state=finished, training, stopped or orphaned. "
        + "Repeatable.", valueName: "KEY=VALUE"),
    completion: .setting)
  var conditions: [String] = []

  /// Finds them.
  ///
  /// - Throws: `StudyError`, `ConfigurationError`.
  func select() throws -> RunSelection { try RunSelection(below: folder, where: conditions, best: best) }
}
