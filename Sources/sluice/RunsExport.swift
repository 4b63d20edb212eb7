import ArgumentParser
import Collectives
import Foundation
import Foundations
import Studies

struct RunsExport: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a table of runs for other programs: a row a run, with its configuration.",
    discussion: """
      Example:
        sluice runs export runs --output runs.csv --where state=finished
      """)

  @OptionGroup var selection: RunSelectionOptions

  @Option(
    help: ArgumentHelp("The file to write; its name says the form.", valueName: "FILE.csv|FILE.json"),
    completion: .file(extensions: ["csv", "json"]), transform: nonEmptyPath)
  var output: String

  func validate() throws { _ = try form }

  private var form: RunExport.Form {
    get throws {
      guard let form = RunExport.Form(rawValue: (output as NSString).pathExtension.lowercased()) else {
        throw ValidationError("--output must end in .csv or .json, got '\(output)'.")
      }
      return form
    }
  }

  func run(on communicator: Communicator) throws {
    let form = try form
    _ = try communicator.onRoot { _ in
      try DurableFiles.requireWritableFile(output)
      let export = try RunExport(selection.select())
      for note in export.notes { warn(note) }
      try DurableFiles.replace(output, by: export.data(as: form))
      StandardStreams.say("\(counted(export.count, "run")) written to \(output)")
    }
  }
}
