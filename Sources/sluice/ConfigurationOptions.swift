import ArgumentParser
import Collectives
import Configurations
import Foundation
import Training

/// A configuration file and what is laid over it.
struct ConfigurationOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("A configuration file; see configs/.", valueName: "CONFIG"),
    completion: .configuration, transform: nonEmptyPath)
  var path: String

  @OptionGroup var setting: SettingOptions

  /// The file's name without folder and extension.
  var name: String { URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent }

  /// The file, read on every rank.
  func load(on communicator: Communicator) throws -> ConfigurationFile {
    try communicator.agree { try ConfigurationFile(contentsOf: path, settings: setting.settings) }
  }
}
