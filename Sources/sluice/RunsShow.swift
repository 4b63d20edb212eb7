import ArgumentParser
import Collectives
import Studies

struct RunsShow: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Shows one run in full: configuration, progress, evaluations, checkpoints, sessions.")

  @Argument(
    help: ArgumentHelp("A run's folder.", valueName: "RUN"), completion: .directory, transform: nonEmptyPath)
  var folder: String

  @OptionGroup var results: ResultOptions

  func run(on communicator: Communicator) throws {
    guard let details = try communicator.onRoot({ _ in try RunDetails(folder) }) else { return }
    try results.print(details, on: communicator)
  }
}
