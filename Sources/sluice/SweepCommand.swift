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
    transform: TargetList.init)
  var targets: TargetList

  @Option(
    help: ArgumentHelp("A run for each of these at each target.", valueName: "N,…"), transform: SeedList.init)
  var seeds: SeedList

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

  @OptionGroup var patience: PatienceOptions

  @OptionGroup var takeOver: TakeOverOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    try requireOption("--only", only, in: 0...(targets.values.count * seeds.values.count - 1))
    guard !(array && only != nil) else { throw ValidationError("Give either --array or --only.") }
    for setting in file.setting.settings {
      guard let key = SweepPlan.keys.first(where: { setting.hasPrefix("\($0)=") }) else { continue }
      throw ValidationError("--set \(setting): a sweep decides \(key) itself, by --targets and --seeds.")
    }
  }

  static let stopsWhenAsked = true

  func run(on communicator: Communicator) throws {
    let file = try file.load(on: communicator)
    let folder = try folder ?? self.file.defaultRunFolder(on: communicator) + "-sweep"
    let plan = SweepPlan(folder: folder, targets: targets.values, seeds: seeds.values)
    if array {
      return try results.print(ArrayJobs(plan, arguments: arguments(folder)), on: communicator)
    }
    let display = progress.display(on: communicator)
    let log = progress.log(beside: display)
    patience.apply(to: communicator)
    let linear = CheckpointLinearAccuracy(file, on: communicator, display: display)
    let sweep = try Sweep(plan, of: file, linear: linear, on: communicator, display: display, log: log)
    guard let report = try sweep.run(only: only, force: takeOver.isForced) else { return }
    try results.print(report, on: communicator)
  }

  /// The words that ask for this sweep.
  private func arguments(_ folder: String) -> [String] {
    ["sweep", file.path] + file.setting.settings.flatMap { ["--set", $0] } + [
      "--targets", targets.values.map { "\($0)" }.joined(separator: ","), "--seeds",
      seeds.values.map { "\($0)" }.joined(separator: ","), "--run", folder,
    ]
  }
}

/// Budgets as a person lists them.
struct TargetList {
  let values: [Double]

  /// - Throws: `ValidationError`.
  init(_ text: String) throws {
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    values = words.compactMap { Double($0) }.filter { $0 > 0 && $0 <= 1 }
    guard values.count == words.count, Set(values).count == values.count else {
      throw ValidationError(
        "it must be different shares above 0 and at most 1 with commas between them, for example 0.1,0.3,1")
    }
  }
}
