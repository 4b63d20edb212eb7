import ArgumentParser
import Collectives
import Configurations
import Foundation
import Foundations
import Progress
import Studies

struct SweepCommand: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Trains at several budgets with several seeds, and compares them with the dense network.",
    usage: """
      sluice sweep <CONFIG> --targets <T,…> --seeds <N,…> [--set <KEY=VALUE> ...] [--run <DIR>] [<options>]
      """,
    discussion: """
      Target 1 is the dense network: the same without gates. Each run lies in a folder of its own, \
      DIR/target-0.30/seed-1, and is the one that 'sluice pretrain' makes with the same values. The same command goes \
      on after an interruption and leaves alone what is finished; the table is printed at the end, and written to \
      DIR/sweep.csv and DIR/sweep.json.

      Example:
        scripts/launch sluice sweep configs/cifar10-simsiam.yaml --set data.source=cifar10:DIR \\
          --targets 0.1,0.3,0.5,1 --seeds 1,2,3 --run runs/budgets
      """)

  @OptionGroup var file: ConfigurationOptions

  @Option(
    help: ArgumentHelp(
      "Budgets: shares of the dense network's MACs, above 0 and at most 1.", valueName: "T,…"),
    transform: targetList)
  var targets: [Double]

  @Option(
    help: ArgumentHelp("A run for each of these at each target.", valueName: "N,…"), transform: seedList)
  var seeds: [UInt64]

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp(
      "The folder of all runs (default: runs/ and the name of the configuration's file with -sweep).",
      valueName: "DIR"),
    completion: .directory, transform: nonEmptyPath)
  var folder: String?

  @Option(help: ArgumentHelp("Make this run alone, counted from 0, and print its row.", valueName: "INDEX"))
  var only: Int?

  @Flag(help: "Print a command for each run, for the jobs of a Slurm array, and stop.")
  var array = false

  @OptionGroup var takeOver: TakeOverOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    try requireOption("--only", only, in: 0...(targets.count * seeds.count - 1))
    guard !(array && only != nil) else { throw ValidationError("Give either --array or --only.") }
    for setting in file.setting.settings {
      guard let key = SweepPlan.keys.first(where: { setting.hasPrefix("\($0)=") }) else { continue }
      throw ValidationError("--set \(setting): a sweep decides \(key) itself, by --targets and --seeds.")
    }
  }

  func run(on communicator: Communicator) throws {
    let file = try file.load(on: communicator)
    let folder = try folder ?? self.file.defaultRunFolder(on: communicator) + "-sweep"
    let plan = SweepPlan(folder: folder, targets: targets, seeds: seeds)
    if array {
      return try results.print(SweepJobs(plan, arguments: arguments(folder)), on: communicator)
    }
    let display = ProgressDisplay(style: progress.style)
    let log = progress.log(beside: display)
    communicator.catchStopSignals()
    let sweep = try Sweep(plan, of: file, on: communicator, display: display, log: log)
    guard let report = try sweep.run(only: only, force: takeOver.isForced) else { return }
    try results.print(report, on: communicator)
  }

  /// The words that ask for this sweep.
  private func arguments(_ folder: String) -> [String] {
    ["sweep", file.path] + file.setting.settings.flatMap { ["--set", $0] } + [
      "--targets", targets.map { "\($0)" }.joined(separator: ","), "--seeds",
      seeds.map { "\($0)" }.joined(separator: ","), "--run", folder,
    ]
  }
}

/// - Throws: `ValidationError`.
private func targetList(_ text: String) throws -> [Double] {
  try list(text, "shares above 0 and at most 1, for example 0.1,0.3,1") { word in
    guard let value = Double(word), value > 0, value <= 1 else { return nil }
    return value
  }
}

/// - Throws: `ValidationError`.
private func seedList(_ text: String) throws -> [UInt64] {
  try list(text, "whole numbers, for example 1,2,3") { UInt64($0) }
}

private func list<Value: Hashable>(
  _ text: String, _ expected: String, _ value: (String) -> Value?
) throws -> [Value] {
  let words = text.split(separator: ",", omittingEmptySubsequences: false).map {
    $0.trimmingCharacters(in: .whitespaces)
  }
  var values: [Value] = []
  for word in words {
    guard let value = value(word) else { throw ValidationError("expected \(expected), found '\(word)'") }
    guard !values.contains(value) else { throw ValidationError("'\(word)' is named twice") }
    values.append(value)
  }
  return values
}
