import ArgumentParser
import Collectives
import Configurations
import Foundation
import Training

/// A configuration file and what is laid over it.
struct ConfigurationOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("A configuration file; see configs/.", valueName: "CONFIG"),
    completion: .configuration)
  var path: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Replaces one value of the file, for example epochs=20. Repeatable.", valueName: "KEY=VALUE"),
    completion: .setting)
  var settings: [String] = []

  /// The file's name without folder and extension.
  var name: String { URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent }

  /// The configuration, read on every rank; rank 0 reads the files that it names for all.
  func load(on communicator: Communicator) throws -> Configuration {
    var configuration = try communicator.agree { try Configuration(contentsOf: path, settings: settings) }
    try configuration.readFiles(on: communicator)
    return configuration
  }
}
