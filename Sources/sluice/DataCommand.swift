import ArgumentParser

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Prepares and checks image data.",
    subcommands: [DataPack.self, DataVerify.self, DataInspect.self])
}
