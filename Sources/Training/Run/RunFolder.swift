import Configurations
import Foundation
import Foundations
import Tensors

/// The folder of one run: every path in it, and the configuration that it belongs to.
public struct RunFolder: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  public var configuration: String { "\(path)/config.yaml" }
  public var metrics: String { "\(path)/metrics.jsonl" }
  /// What the next start need not find out about the data (`DataParts.index`).
  public var dataIndex: String { "\(path)/data-index" }
  public var checkpoints: CheckpointStore { CheckpointStore(runFolder: path) }
  public var latestCheckpoint: String { "\(path)/checkpoints/latest" }

  /// Changes nothing.
  ///
  /// - Parameter imageSize: Side in pixels of the data's images, for runs that did not record theirs.
  /// - Throws: `RunError.otherConfiguration` where the folder holds a run whose result other values decide.
  func check(_ configuration: Configuration, imageSize: Int) throws {
    guard FileManager.default.fileExists(atPath: self.configuration) else { return }
    let old = try ConfigurationFile(contentsOf: self.configuration).resolved(imageSize: imageSize)
    try configuration.requireSameResult(as: old, in: path)
  }

  /// Proves that the folder can be written, and notes the configuration that it belongs to from now on.
  ///
  /// - Parameter environment: What `environment.json` holds from now on.
  /// - Throws: `UnwritableFile`.
  func claim(for configuration: Configuration, environment: Data) throws(UnwritableFile) {
    try checkpoints.prepare()
    try DurableFiles.replace(self.configuration, by: Data(configuration.resolvedYAML.utf8))
    try DurableFiles.replace(self.environment, by: environment)
  }
}

extension RunFolder {
  /// Makes the folder again if it is gone, but not the one that it is in: that may be a disk that is away.
  ///
  /// - Returns: Whether it was gone.
  /// - Throws: `UnwritableFile`.
  func makeAnewIfVanished(
    for configuration: Configuration, environment: Data
  ) throws(UnwritableFile) -> Bool {
    guard !FileManager.default.fileExists(atPath: path) else { return false }
    try DurableFiles.makeFolder(path, withParents: false)
    try claim(for: configuration, environment: environment)
    return true
  }
}
