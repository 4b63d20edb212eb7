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

  /// The file, as rank 0 reads it.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  func load(on communicator: Communicator) throws -> ConfigurationFile {
    try ConfigurationFile(contentsOf: path, settings: setting.settings, on: communicator)
  }

  /// Where a run is kept unless a person says so: `runs/` and the file's name without folder and extension.
  ///
  /// - Throws: The same `AgreedFailure` on every rank where the configuration comes from a pipe, whose name says
  ///   nothing.
  func defaultRunFolder(on communicator: Communicator) throws -> String {
    let isNamed = try communicator.broadcast(value: isFile)
    guard isNamed else {
      throw AgreedFailure(onEveryRank: NamelessRun(path: path), hostName: communicator.hostName)
    }
    return "runs/\(URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent)"
  }

  /// Whether the name is a person's choice: not that of a pipe, or of whatever standard input is.
  private var isFile: Bool {
    var status = stat()
    return !path.hasPrefix("/dev/") && !path.hasPrefix("/proc/") && stat(path, &status) == 0
      && status.st_mode & S_IFMT == S_IFREG
  }

  private struct NamelessRun: Error, CustomStringConvertible {
    let path: String
    var description: String {
      "\(path) has no name that the run's folder could have: choose the folder with --run"
    }
  }
}
