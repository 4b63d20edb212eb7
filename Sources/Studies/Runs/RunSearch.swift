import Datasets
import Foundation
import Foundations
import Machine
import Tensors
import Training

/// Every run below a folder, found on disk.
///
/// Folders are read in parallel, for on a network's disk each answer takes a while: level by level, without a look into
/// runs' checkpoints. Links are followed after everything else, each folder once, so that circles have an end and a
/// run has one name.
public struct RunSearch: Sendable {
  /// A folder that could not be read.
  public struct Skipped: Equatable, Sendable {
    public let path: String
    public let reason: String
  }

  /// In the order of their names, numbers by value.
  public private(set) var runs: [FoundRun] = []
  public private(set) var skipped: [Skipped] = []
  private let root: String

  /// Threads that mostly wait for a disk.
  static func pool() -> WorkerPool { WorkerPool(threads: 16) }

  /// - Parameter root: As a person named it.
  /// - Throws: `StudyError.unreadable` where the folder itself cannot be read.
  public init(below root: String) throws {
    self.root = root
    let pool = Self.pool()
    var facts: [RunFacts] = []
    var met: Set<FileIdentity> = []
    var links: [[UInt8]] = []
    var level: [[UInt8]] = [[]]
    while !level.isEmpty {
      let found = try pool.map(level.count) { Folder(level[$0], below: root) }
      level = []
      for folder in found {
        if let reason = folder.failure {
          guard !folder.relative.isEmpty else { throw StudyError.unreadable(path: root, reason: reason) }
          skipped.append(Skipped(path: folder.text(below: root), reason: reason))
        }
        guard let identity = folder.identity, met.insert(identity).inserted else { continue }
        if let run = folder.run { facts.append(run) }
        level += folder.folders
        links += folder.links
      }
      if level.isEmpty { (level, links) = (links.sorted { $0.lexicographicallyPrecedes($1) }, []) }
    }
    // Only for those that other machines work on: a look at the clock makes a file.
    let isAnyUnseen = facts.contains { if case .unseen = $0.holding { true } else { false } }
    let now = isAnyUnseen ? FolderClaim.time(in: root) : 0
    runs = facts.map { FoundRun($0, isHeld: $0.holding.isAlive(at: now)) }
      .sorted { $0.name.compare($1.name, options: .numeric) == .orderedAscending }
  }

  /// A folder as it was read.
  private struct Folder: Sendable {
    /// Its path below the root.
    let relative: [UInt8]
    private(set) var identity: FileIdentity?
    private(set) var failure: String?
    private(set) var run: RunFacts?
    private(set) var folders: [[UInt8]] = []
    /// Those that lead to folders.
    private(set) var links: [[UInt8]] = []

    init(_ relative: [UInt8], below root: String) {
      self.relative = relative
      let contents: FolderContents
      do {
        contents = try FolderContents(FilePath(folder: root, relative))
      } catch {
        failure = if case .unreadable(_, let reason) = error { reason } else { "\(error)" }
        return
      }
      identity = contents.status.identity
      let isRun = RunFolder.isRun(Set(contents.entries.map(\.name)))
      for entry in contents.entries where !(isRun && entry.name == "checkpoints") {
        let path = relative + (relative.isEmpty ? [] : [UInt8(ascii: "/")]) + entry.name.bytes
        switch entry.kind {
        case .folder: folders.append(path)
        case .link: if case .folder = FilePath(folder: root, path).target { links.append(path) }
        case .other: break
        }
      }
      guard isRun else { return }
      guard let name = String(validating: relative, as: UTF8.self) else {
        failure = "its name is not UTF-8, and no run can be named so"
        return
      }
      let path = name.isEmpty ? root : root.hasSuffix("/") ? root + name : "\(root)/\(name)"
      run = RunFacts(
        RunFolder(path), names: Set(contents.entries.map(\.name)), name: name.isEmpty ? "." : name)
    }

    func text(below root: String) -> String { FilePath(folder: root, relative).text }
  }
}
