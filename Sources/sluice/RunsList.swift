import ArgumentParser
import Collectives
import Studies

struct RunsList: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists all runs below a folder (the default: 'sluice runs DIR').",
    discussion: """
      A run is training while a job holds its folder, finished with the checkpoint after its last step, else stopped, \
      or orphaned if the job that held it is gone. Only small files and the ends of others are read.

      Examples:
        sluice runs runs
        sluice runs runs --where gates.target=0.3 --where state=finished --best knn
      """)

  @OptionGroup var selection: RunSelectionOptions

  @OptionGroup var results: ResultOptions

  func run(on communicator: Communicator) throws {
    guard let list = try communicator.onRoot({ _ in RunList(try selection.select()) }) else { return }
    try results.print(list, on: communicator)
  }
}
