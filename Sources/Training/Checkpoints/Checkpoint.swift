import Collectives
import Configurations
import Foundation
import Foundations
import Tensors

/// A checkpoint that was found whole, open on every rank.
///
/// Rank 0 alone reads files and tells the other ranks, which need not see its disk. Every method that throws is called by
/// all ranks.
public struct Checkpoint {
  /// What `Model` is.
  public static let modelFile = "model.safetensors"
  /// What its optimizer remembers.
  public static let optimizerFile = "optimizer.safetensors"
  /// What its objective remembers; only where that is something.
  static let objectiveFile = "objective.safetensors"

  /// Its folder, `step-…`.
  public let path: String
  public let state: TrainingState
  /// The files that were compared with its manifest, on rank 0; nothing else in its folder is read.
  private let fileNames: Set<String>
  private let communicator: Communicator

  /// Opens the checkpoint that a person named after every file in it was compared with its manifest.
  ///
  /// - Parameters:
  ///   - name: A `step-…` folder, or `latest`; see `CheckpointStore.locate`.
  ///   - warn: Told on rank 0 about those that were passed over.
  /// - Throws: The same `AgreedFailure` on every rank where it is missing or damaged; `CollectiveError`.
  public static func open(
    _ name: String, on communicator: Communicator, warn: (String) -> Void = { _ in }
  ) throws -> Checkpoint {
    let found = try communicator.agree { () throws -> (path: String, warnings: [String], names: [String]) in
      guard communicator.rank == 0 else { return (name, [], []) }
      let (path, warnings) = try CheckpointStore.locate(name)
      let names = try CheckpointManifest(in: path).fileNames
      guard names.contains(TrainingState.fileName) else {
        throw Self.unnamed(TrainingState.fileName, in: path)
      }
      return (path, warnings, names)
    }
    found.warnings.forEach(warn)
    let path = try communicator.broadcast(value: found.path)
    let data = try contents(of: "\(path)/\(TrainingState.fileName)", on: communicator)
    let state = try communicator.agree { try TrainingState(data, path: "\(path)/\(TrainingState.fileName)") }
    return Checkpoint(
      path: path, state: state, fileNames: Set(found.names), communicator: communicator)
  }

  /// What it was trained with.
  ///
  /// - Parameters:
  ///   - settings: Texts of `--set` options that are laid over it.
  ///   - imageSize: Side in pixels of the images, for runs that did not record their input's size.
  /// - Throws: The same `AgreedFailure` on every rank.
  public func configuration(settings: [String] = [], imageSize: Int) throws -> Configuration {
    try communicator.agree {
      try ConfigurationFile(
        yaml: state.configuration, path: "\(path)/\(TrainingState.fileName)", settings: settings
      ).resolved(imageSize: imageSize)
    }
  }

  /// The tensors of one of its files.
  ///
  /// - Parameter name: For example `modelFile`.
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  public func tensors(in name: String) throws -> SafetensorsFile {
    try communicator.agree {
      guard communicator.rank != 0 || fileNames.contains(name) else { throw Self.unnamed(name, in: path) }
    }
    let data = try Self.contents(of: "\(path)/\(name)", on: communicator)
    return try communicator.agree { try SafetensorsFile(data, path: "\(path)/\(name)") }
  }

  /// The same; nil where the checkpoint has no such file.
  ///
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  func tensorsIfPresent(in name: String) throws -> SafetensorsFile? {
    try communicator.broadcast(value: fileNames.contains(name)) ? tensors(in: name) : nil
  }

  private static func unnamed(_ name: String, in path: String) -> CheckpointError {
    .damaged(path: "\(path)/\(name)", problem: "its manifest does not name it")
  }

  private static func contents(of file: String, on communicator: Communicator) throws -> Data {
    try communicator.contents(of: file) { reason in
      CheckpointError.damaged(path: file, problem: "it cannot be read: \(reason)")
    }
  }
}
