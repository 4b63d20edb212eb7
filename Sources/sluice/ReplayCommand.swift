import ArgumentParser
import Collectives
import Foundation
import Foundations
import Progress
import Training

struct ReplayCommand: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Takes steps of a run again, and compares the network with what the run recorded.",
    usage: "sluice replay <RUN> [--step <STEP> | --random <N>] [--set <KEY=VALUE> ...] [<options>]",
    discussion: """
      A run leaves records of its network: checkpoints, and a digest after every audited step (audits.jsonl). From the \
      newest checkpoint before a record, or from the beginning, the steps up to it are taken again, on any number of ranks \
      that split a batch evenly and on any processor; the network must be the same, bit for bit. Nothing is written. The \
      exit code is 1 where it is another.

      Examples:
        sluice replay runs/first
        sluice replay runs/first --step 12345 --set data.source=cifar10:DIR
        scripts/launch -n 2 sluice replay runs/first --random 3
      """)

  @Argument(
    help: ArgumentHelp("The run's folder.", valueName: "RUN"), completion: .directory, transform: nonEmptyPath
  )
  var run: String

  @Option(
    help: ArgumentHelp(
      "Take the steps up to the first record at or after this one (default: up to the last record).",
      valueName: "STEP"))
  var step: Int?

  @Option(help: ArgumentHelp("Take so many of the stretches between records, at random.", valueName: "N"))
  var random: Int?

  @Option(help: ArgumentHelp("Which ones at random.", valueName: "N"))
  var seed: UInt64 = 0

  @OptionGroup var setting: SettingOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    try requireOption("--step", step, in: 1...1_000_000_000)
    try requireOption("--random", random, in: 1...1_000_000)
    guard step == nil || random == nil else {
      throw ValidationError("--step and --random both say which steps are taken: give one of them.")
    }
  }

  func run(on communicator: Communicator) throws {
    communicator.catchStopSignals()
    let display = progress.display(on: communicator)
    let replay = Replay(
      of: RunFolder(run), settings: setting.settings, on: communicator, log: progress.log(beside: display))
    let stretches = try random.map { try replay.randomStretches($0, seed: seed) } ?? replay.stretch(of: step)
    let report = ReplayReport(
      run: run, rows: try stretches.map { try replay.replayed($0, showing: display) })
    try results.print(report, on: communicator)
    try communicator.finalize()
    if !report.isEqual { Foundation.exit(1) }
  }
}
