import Foundation
import Foundations
import Tensors

/// The checkpoints of one run: folders `checkpoints/step-00001200`, and `checkpoints/latest`, which leads to the newest:
/// a link or, where the file system has none, a file that holds its name.
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

  private init(folder: String) { self.folder = folder }

  /// One file of a checkpoint; its contents are made in its turn, so that those of one file are in memory at a time.
  public struct File: Sendable {
    public let name: String
    public let contents: @Sendable () -> Data

    public init(name: String, contents: @escaping @Sendable () -> Data) {
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
  /// - Returns: Why `latest` does not lead to it, although it is saved; nil: it does.
  /// - Throws: `UnwritableFile`, also where the run's folder is gone; earlier checkpoints are as they were, `latest`
  ///   included.
  @discardableResult
  public func save(step: Int, files: [File]) throws(UnwritableFile) -> UnwritableFile? {
    precondition(step >= 0)
    try DurableFiles.makeFolder(folder, withParents: false)
    let temporary = "\(folder)/.tmp-\(Self.name(of: step))"
    let path = path(ofStep: step)
    try DurableFiles.remove(temporary)
    do throws(UnwritableFile) {
      try DurableFiles.makeFolder(temporary)
      var manifest = CheckpointManifest(step: step)
      for file in files {
        let data = file.contents()
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
    do throws(UnwritableFile) {
      try pointLatest(to: step)
      return nil
    } catch {
      return error
    }
  }

  /// Makes `latest` lead to the checkpoint after this step.
  ///
  /// - Throws: `UnwritableFile`.
  func pointLatest(to step: Int) throws(UnwritableFile) {
    let name = Self.name(of: step)
    try makeWay(for: latest)
    do {
      try DurableFiles.link(latest, to: name)
    } catch {
      let temporary = "\(folder)/.tmp-\(Self.latestName)"
      try DurableFiles.write(Data("\(name)\n".utf8), to: temporary)
      try DurableFiles.move(temporary, to: latest)
    }
    try DurableFiles.syncFolder(folder)
  }

  /// Copies of a run that follow links have a folder in the place of `latest`: the checkpoint in it gets its own name
  /// again, unless that is there.
  private func makeWay(for latest: String) throws(UnwritableFile) {
    var status = stat()
    guard lstat(latest, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
    guard let manifest = try? CheckpointManifest(in: latest) else {
      throw UnwritableFile(path: latest, code: EISDIR)
    }
    let path = path(ofStep: manifest.step)
    if FileManager.default.fileExists(atPath: path) {
      try DurableFiles.remove(latest)
    } else {
      try DurableFiles.move(latest, to: path)
    }
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
      guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)), step.isCount,
        name == Self.name(of: step)
      else {
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

  /// Checks that the folder `path` is a checkpoint and every file in it whole.
  ///
  /// - Throws: `CheckpointError.missing` or `.damaged`.
  public static func verify(_ path: String) throws(CheckpointError) {
    try CheckpointManifest(in: path).verify(folder: path)
  }

  /// Finds what a person named, a `step-…` folder or `latest`, and checks that it is a checkpoint and whole.
  ///
  /// `latest` means the newest whole checkpoint beside it, wherever it leads: where links cannot be made, or copies
  /// were made of them, it may have stayed behind.
  ///
  /// - Returns: The checkpoint's folder, and what a person should know of those that were passed over.
  /// - Throws: `CheckpointError.missing` or `.damaged`.
  public static func locate(_ path: String) throws(CheckpointError) -> (path: String, warnings: [String]) {
    let url = URL(fileURLWithPath: path)
    let store = CheckpointStore(folder: path.parentPath)
    if url.lastPathComponent == latestName, !store.list().isEmpty {
      let (newest, problems) = store.newestValid()
      let warnings = problems.map { "skipping a checkpoint: \($0)" }
      if let newest { return (newest, warnings) }
    }
    try verify(path)
    return (path, [])
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

  /// The folder of the checkpoint that `latest` leads to; nil: to none.
  var latestTarget: String? {
    let name =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: latest))
      ?? (try? RegularFile(latest)?.read(0..<256)).map {
        String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .newlines)
      }
    return name.map { "\(folder)/\($0)" }
  }

  static let latestName = "latest"

  private var latest: String { "\(folder)/\(Self.latestName)" }

  private static func name(of step: Int) -> String {
    "step-" + String(repeating: "0", count: max(0, 8 - "\(step)".count)) + "\(step)"
  }
}
