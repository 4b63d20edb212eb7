import Configurations
import Foundation
import Training

extension RunFolder {
  /// Whether a run has finished as it would with this configuration. What cannot be told without its data, such as where
  /// that lies, is left to whoever goes on with the run.
  ///
  /// - Throws: `RunError.otherConfiguration` where the folder holds a run that other values decide.
  func hasFinished(as file: ConfigurationFile) throws -> Bool {
    guard let differences = try differences(of: file) else { return false }
    let deciding = differences.filter { $0.decidesResult && $0.key != "data.source" }
    guard deciding.isEmpty else {
      throw RunError.otherConfiguration(folder: path, differences: deciding.map(\.description))
    }
    guard !differences.contains(where: { ["data.source", "max_steps"].contains($0.key) }) else {
      return false
    }
    return try FoundRun(self).state == .finished
  }

  /// What a configuration says otherwise than that of the run in this folder, with the sizes and classes that the run
  /// found in its data; nil where there is no run.
  func differences(of file: ConfigurationFile) throws -> [Configuration.Difference]? {
    guard FileManager.default.fileExists(atPath: configuration) else { return nil }
    let old = try readConfiguration().resolved(imageSize: 32)
    let new = try file.resolved(
      imageSize: old.network.inputSize, classCount: old.objective.chosen.classCount)
    return new.differences(from: old)
  }
}
