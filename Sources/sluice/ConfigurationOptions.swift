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

  @OptionGroup var setting: SettingOptions

  /// The file's name without folder and extension.
  var name: String { URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent }

  /// The configuration, read on every rank; rank 0 reads the files that it names for all.
  func load(on communicator: Communicator) throws -> Configuration {
    var configuration = try communicator.agree {
      try Configuration(contentsOf: path, settings: setting.settings)
    }
    try configuration.readFiles(on: communicator)
    return configuration
  }
}
