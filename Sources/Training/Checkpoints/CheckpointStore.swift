import Foundation
import Foundations
import Tensors

/// The checkpoints of one run: folders `checkpoints/step-00001200` and a link `checkpoints/latest`.
///
/// A checkpoint appears whole or not at all (contract C4): its files are written and synced in a folder with
/// a temporary name, which is then renamed. Only one process may save, rank 0. Nothing in a checkpoint
/// depends on when or where it was written, so equal states give equal bytes.
public struct CheckpointStore: Sendable {
  /// The folder that holds the checkpoints.
  public let folder: String

  public init(runFolder: String) {
    folder = "\(runFolder)/checkpoints"
  }

  /// One file of a checkpoint; `contents` is called in the file's turn, so that only one is in memory.
  public struct File {
    public let name: String
    public let contents: () throws -> Data

    public init(name: String, contents: @escaping () throws -> Data) {
      self.name = name
      self.contents = contents
    }
  }

  /// The folder of the checkpoint after this step, whether it is there or not.
  public func path(ofStep step: Int) -> String { "\(folder)/\(Self.name(of: step))" }

  /// Makes the folder and proves that it can be written, so that this is known before hours of training.
  public func prepare() throws(UnwritableFile) {
    try DurableFiles.makeFolder(folder)
    let probe = "\(folder)/.tmp-probe"
    try DurableFiles.write(Data(), to: probe)
    try DurableFiles.remove(probe)
  }

  /// Saves a checkpoint and points `latest` at it.
  ///
  /// - Returns: The checkpoint's folder.
  /// - Throws: `UnwritableFile`, or what a file's `contents` threw; earlier checkpoints are as
  ///   they were, `latest` included.
  @discardableResult
  public func save(step: Int, files: [File]) throws -> String {
    precondition(step >= 0)
    try DurableFiles.makeFolder(folder)
    let temporary = "\(folder)/.tmp-\(Self.name(of: step))"
    let path = path(ofStep: step)
    try DurableFiles.remove(temporary)
    do {
      try DurableFiles.makeFolder(temporary)
      var manifest = CheckpointManifest(step: step)
      for file in files {
        let data = try file.contents()
        try DurableFiles.write(data, to: "\(temporary)/\(file.name)")
        manifest.files[file.name] = .init(bytes: data.count, sha256: DurableFiles.digest(data))
      }
      try DurableFiles.write(manifest.encode(), to: "\(temporary)/\(CheckpointManifest.fileName)")
      try DurableFiles.syncFolder(temporary)
      try replace(path, by: temporary)
    } catch {
      try? DurableFiles.remove(temporary)
      throw error
    }
    try DurableFiles.link("\(folder)/latest", to: Self.name(of: step))
    try DurableFiles.syncFolder(folder)
    return path
  }

  /// Removes all checkpoints up to this step but the newest `keep`.
  ///
  /// - Throws: `UnwritableFile`.
  public func removeOld(upTo step: Int, keep: Int) throws(UnwritableFile) {
    precondition(keep >= 1)
    for old in list().filter({ $0.step <= step }).dropLast(keep) { try DurableFiles.remove(old.path) }
  }

  /// Every checkpoint, oldest first, damaged ones included.
  public func list() -> [(step: Int, path: String)] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { name in
      guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)), name == Self.name(of: step) else {
        return nil
      }
      return (step, "\(folder)/\(name)")
    }.sorted { $0.step < $1.step }
  }

  /// The newest checkpoint whose bytes are those that were written, and what is wrong with each newer one.
  public func newestValid() -> (path: String?, problems: [String]) {
    var problems: [String] = []
    for (_, path) in list().reversed() {
      do throws(CheckpointError) {
        try Self.verify(path)
        return (path, problems)
      } catch {
        problems.append("\(error)")
      }
    }
    return (nil, problems)
  }

  /// Checks that `path`, a `step-…` folder or the link `latest`, is a checkpoint and every file in it whole.
  ///
  /// - Throws: `CheckpointError.missing` or `.damaged`.
  public static func verify(_ path: String) throws(CheckpointError) {
    let manifestPath = "\(path)/\(CheckpointManifest.fileName)"
    guard FileManager.default.fileExists(atPath: path) else {
      throw .missing(path: path, problem: "there is no such folder")
    }
    guard let data = FileManager.default.contents(atPath: manifestPath) else {
      throw .missing(path: path, problem: "it holds no readable \(CheckpointManifest.fileName)")
    }
    guard let manifest = try? JSONDecoder().decode(CheckpointManifest.self, from: data) else {
      throw .damaged(path: manifestPath, problem: "it is not the JSON that was written")
    }
    guard manifest.format == 1 else {
      throw .missing(path: path, problem: "its format is \(manifest.format); this program reads 1")
    }
    try manifest.verify(folder: path)
  }

  /// Renames `temporary` to `path`; a checkpoint of this name steps aside and comes back if that fails.
  private func replace(_ path: String, by temporary: String) throws(UnwritableFile) {
    let aside = "\(folder)/.old-\((path as NSString).lastPathComponent)"
    try DurableFiles.remove(aside)
    let isReplacing = FileManager.default.fileExists(atPath: path)
    if isReplacing { try DurableFiles.move(path, to: aside) }
    do {
      try DurableFiles.move(temporary, to: path)
    } catch {
      if isReplacing { try DurableFiles.move(aside, to: path) }
      throw error
    }
    try DurableFiles.syncFolder(folder)
    try DurableFiles.remove(aside)
  }

  private static func name(of step: Int) -> String {
    "step-" + String(repeating: "0", count: max(0, 8 - "\(step)".count)) + "\(step)"
  }
}
