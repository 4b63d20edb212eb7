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
  /// - Parameter imageSize: Side in pixels of the data's pictures, for runs that did not record theirs.
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

extension Configuration {
  /// - Throws: `RunError.otherConfiguration` where what decides the result differs from `old`, found in `folder`.
  func requireSameResult(as old: Configuration, in folder: String) throws {
    let differences = differences(from: old).filter(\.decidesResult)
    guard differences.isEmpty else {
      throw RunError.otherConfiguration(folder: folder, differences: differences.map(\.description))
    }
  }
}

extension TrainingState {
  /// - Throws: `RunError.otherData` where the run went over other data than that of `digest`; `folder` is where the
  ///   state was found.
  func requireSameData(as digest: String?, in folder: String) throws(RunError) {
    guard let dataDigest, dataDigest != digest else { return }
    throw .otherData(folder: folder, old: dataDigest, new: digest)
  }
}

/// Why a run could not start or go on, in one sentence.
public enum RunError: Error, Equatable, CustomStringConvertible {
  /// A run folder or checkpoint of a run whose result other values decide.
  case otherConfiguration(folder: String, differences: [String])
  /// A checkpoint of a run over other images, or the same in another order; digests as in `DataParts`.
  case otherData(folder: String, old: String, new: String?)
  /// `--resume never` on a folder that holds checkpoints.
  case alreadyStarted(folder: String)
  /// Every checkpoint of the folder is damaged.
  case noWholeCheckpoint(folder: String, problems: [String])
  case nonFinite(step: Int, layer: String, lastCheckpoint: String?)
  /// Images that cannot be used; `canSkip`: another `data.on_error` would go on without them.
  case badData(during: String, problem: String, source: String, canSkip: Bool, lastCheckpoint: String?)
  /// What a run ends with could not be written.
  case unsaved(step: Int, problem: String, newest: String?)

  public var description: String {
    switch self {
    case .otherConfiguration(let folder, let differences):
      "\(folder) holds a run of another configuration (\(differences.joined(separator: "; "))): "
        + "choose another folder with --run, or the old values"
    case .otherData(let folder, let old, let new):
      "\(folder) holds a run over other data (file list SHA-256 \(old.prefix(12)) → \(new?.prefix(12) ?? "none")): "
        + "since then files were added, removed or renamed: bring the old ones back, or choose another folder with "
        + "--run"
    case .alreadyStarted(let folder):
      "\(folder) holds checkpoints of an earlier run: go on from them with --resume auto, or choose another "
        + "folder with --run"
    case .noWholeCheckpoint(let folder, let problems):
      "\(folder) holds no checkpoint that is whole (\(problems.joined(separator: "; "))): choose another "
        + "folder with --run"
    case .nonFinite(let step, let layer, let lastCheckpoint):
      "step \(step): a value that is not finite first appeared at '\(layer)'; "
        + (lastCheckpoint.map { "the last good checkpoint is \($0)" } ?? "no checkpoint was written yet")
        + "; a lower optimizer.learning_rate usually helps"
    case .badData(let work, let problem, let source, let canSkip, let lastCheckpoint):
      "\(work): \(problem); "
        + (lastCheckpoint.map { "the last checkpoint is \($0)" } ?? "no checkpoint was written yet")
        + "; 'sluice data verify \(source)' finds every such image"
        + (canSkip ? ", data.on_error=skip goes on without them" : "")
    case .unsaved(let step, let problem, let newest):
      "after step \(step): \(problem); "
        + (newest.map { "the newest checkpoint is \($0)" } ?? "there is no checkpoint")
        + "; make room and give the same command again"
    }
  }
}
