import ArgumentParser
import Collectives
import Foundations
import Studies
import Training

struct ReportCommand: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Shows runs on one page of HTML, which opens without a server.",
    usage: "sluice report <RUN> ... [--output <FILE>] [<options>]",
    discussion: """
      Several runs are compared: accuracy and training time against measured MACs, and every curve. A run that is \
      still being written, or was cut short, is shown as far as it goes.

      Example:
        sluice report runs/dense runs/half --output compared.html
      """)

  @Argument(
    help: ArgumentHelp("The folders of runs.", valueName: "RUN"), completion: .directory,
    transform: nonEmptyPath)
  var runs: [String]

  @Option(
    help: ArgumentHelp(
      "Where the page goes (default: report.html, in the run's folder where there is one run, else here).",
      valueName: "FILE"),
    completion: .file(extensions: ["html"]), transform: nonEmptyPath)
  var output: String?

  @OptionGroup var results: ResultOptions

  func run(on communicator: Communicator) throws {
    let folders = runs.map { RunFolder($0) }
    let written = try communicator.onRoot { _ in
      try WrittenReport(of: folders, to: output ?? (folders.count == 1 ? folders[0].report : "report.html"))
    }
    guard let written else { return }
    for note in written.notes { warn(note) }
    try results.print(written, on: communicator)
  }
}
