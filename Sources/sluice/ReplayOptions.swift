import ArgumentParser
import Collectives
import Foundation
import Progress
import Training

/// What commands share that take steps of a run again.
struct ReplayOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("The run's folder.", valueName: "RUN"), completion: .directory, transform: nonEmptyPath
  )
  var run: String

  @OptionGroup var setting: SettingOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  /// Takes the stretches of steps that `choose` names, prints what came of it, and ends the program with exit code 1
  /// where a network was another one.
  func replay(
    on communicator: Communicator, _ choose: (Replay) throws -> [RecordedStretch]
  ) throws {
    let display = progress.display(on: communicator)
    let replay = Replay(
      of: RunFolder(run), settings: setting.settings, on: communicator, log: progress.log(beside: display))
    let report = ReplayReport(
      run: run, rows: try choose(replay).map { try replay.replayed($0, showing: display) })
    try results.print(report, on: communicator)
    try communicator.finalize()
    if !report.isEqual { Foundation.exit(1) }
  }
}
