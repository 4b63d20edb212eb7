import Configurations
import Foundation
import Foundations
import Training

extension RunFolder {
  /// Whether what a folder holds makes it that of a run.
  static func isRun(_ names: Set<ByteName>) -> Bool {
    names.contains("config.yaml") && (names.contains("environment.json") || names.contains("metrics.jsonl"))
  }

  /// The linear evaluation of its last checkpoint.
  var linearEvaluation: String { "\(path)/linear.json" }

  func readConfiguration() throws(ConfigurationError) -> ConfigurationFile {
    let bytes: [UInt8]?
    do throws(UnreadableText) {
      bytes = try RegularFile(configuration)?.read()
    } catch {
      throw .unreadable(path: configuration, reason: error.reason)
    }
    guard let bytes else { throw .unreadable(path: configuration, reason: "there is no such file") }
    return try ConfigurationFile(yaml: String(decoding: bytes, as: UTF8.self), path: configuration)
  }
}
