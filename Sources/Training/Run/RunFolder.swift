import Collectives
import Configurations
import Datasets
import Foundation
import Foundations
import Logging
import Machine
import Provenance
import Tensors

/// The folder of one run: every path in it, and the configuration that it belongs to.
public struct RunFolder: Equatable, Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  public var configuration: String { "\(path)/config.yaml" }
  public var metrics: String { "\(path)/metrics.jsonl" }
  /// The newest evaluation, with what each channel did and how classes were confused.
  public var evaluation: String { "\(path)/evaluation.json" }
  /// What ranks found when they repeated each other's parts of steps.
  public var audits: String { "\(path)/audits.jsonl" }
  /// The step that the run ended with, where a value was not finite.
  public var nonFinite: String { "\(path)/non-finite.json" }
  /// What each of several ranks spent on steps.
  public var rankTimes: String { "\(path)/ranks.jsonl" }
  public var table: String { "\(path)/metrics.csv" }
  /// What each rank does, a file each, for those who cannot ask it any more.
  public var ranks: String { "\(path)/ranks" }
  /// What the next start need not find out about the data (`DataParts.index`).
  public var dataIndex: String { "\(path)/data-index" }
  /// What later runs may begin with (`RewindingPoint`).
  public var rewindingPoint: String { "\(path)/\(RewindingPoint.fileName)" }
  public var checkpoints: CheckpointStore { CheckpointStore(runFolder: path) }
  public var latestCheckpoint: String { "\(path)/checkpoints/latest" }

  /// Takes the folder for this job, which is made if it is not there; every rank calls it.
  ///
  /// - Parameters:
  ///   - force: Whether it is taken from another job that seems to be alive.
  ///   - log: Told who held it before.
  /// - Returns: nil on other ranks than 0.
  /// - Throws: The same `AgreedFailure` on every rank where another job holds it or it cannot be written; `RunStopped`
  ///   where a request to stop came in between.
  public func claim(on communicator: Communicator, force: Bool, log: Logger) throws -> FolderClaim? {
    let claim = try communicator.onRoot { isStopRequested in
      try FolderClaim.take(path, force: force, inform: { log.info("\($0)") }, isGivenUp: isStopRequested)
    }
    if let predecessor = claim??.predecessor {
      log.info("\(path) was held by \(predecessor.words), which did not give it back; taking it over")
    }
    if try communicator.isStopRequested() {
      throw RunStopped(step: 0, checkpoint: nil, isFoundAgain: true)
    }
    return claim.flatMap(\.self)
  }

  /// Looks whether the folder could be made or written to, no other job holds it, and whether each file that a run has in it is one, or is
  /// still to be made; changes nothing.
  ///
  /// - Throws: `UnwritableFile`, `FolderHeld`.
  func requireUsable() throws {
    try DurableFiles.requireWritableFolder(path)
    try FolderClaim.requireFree(path)
    for file in [configuration, metrics, table, audits, rankTimes, nonFinite, environment, dataIndex] {
      var status = stat()
      guard stat(file, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { continue }
      throw UnwritableFile(path: file, reason: "it is not a regular file")
    }
  }

  /// Changes nothing.
  ///
  /// - Parameter data: Of this run.
  /// - Throws: `RunError.otherConfiguration` where the folder holds a run whose result other values decide.
  func check(_ configuration: Configuration, _ data: DataParts) throws {
    guard FileManager.default.fileExists(atPath: self.configuration) else { return }
    // Runs did not always record their input's size.
    let old = try ConfigurationFile(contentsOf: self.configuration).resolved(imageSize: data.train.imageSize)
    let sessions = FileManager.default.contents(atPath: environment).flatMap { try? SessionHistory($0) }
    try configuration.requireSameResult(
      as: old, in: path, digests: (data.digest, sessions?.last(before: .max)?.dataDigest))
  }

  /// Proves that the folder can be written, and notes the configuration that it belongs to from now on.
  ///
  /// - Parameter environment: What `environment.json` holds from now on.
  /// - Throws: `UnwritableFile`.
  func prepare(for configuration: Configuration, environment: Data) throws(UnwritableFile) {
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
    try prepare(for: configuration, environment: environment)
    return true
  }
}
