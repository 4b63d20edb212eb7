import Foundation
import Foundations

extension TreeScan {
  /// The folders in a folder.
  struct Subfolders {
    /// Links to folders elsewhere included.
    var names: Set<ByteName> = []
    /// Links that lead to nothing, and why. They may have led to folders: no image is called so.
    var broken: [ByteName: String] = [:]
  }

  struct MetFolder {
    let path: [UInt8]
    let className: ByteName
  }

  func subfolders(of contents: FolderContents, at path: String) -> Subfolders {
    var folders = Subfolders()
    for entry in contents.entries {
      switch target(of: entry, at: Self.join(Array(path.utf8), entry.name)) {
      case .folder: folders.names.insert(entry.name)
      case .nothing(let reason) where !isImage(entry): folders.broken[entry.name] = reason
      case .nothing, .other: break
      }
    }
    return folders
  }

  /// - Throws: `DatasetError.badTree` if a part of the tree is a link that leads to nothing.
  func requireReachable(_ part: ByteName, _ parts: Subfolders) throws(DatasetError) {
    guard let reason = parts.broken[part] else { return }
    throw .badTree("\(folder)/\(part.text) cannot be used: \(reason)")
  }

  /// Takes broken links for faults. Where a list chooses classes, only theirs matter.
  mutating func noteBroken(_ folders: Subfolders, of part: String, among names: [ByteName]) {
    for (name, reason) in folders.broken.sorted(by: { $0.key < $1.key })
    where classes == nil || names.contains(name) {
      noteBroken(Self.join(Array(part.utf8), name), reason)
    }
  }

  private mutating func noteBroken(_ path: [UInt8], _ reason: String) {
    note(path, reason)
    // What it led to may come back, and no folder that was read changes then.
    listing.facts.watched.append(.init(path: ByteName(path), modified: 0))
  }

  mutating func noteHidden(_ contents: FolderContents, in path: String) {
    noteHidden(contents, in: Array(path.utf8))
  }

  private mutating func noteHidden(_ contents: FolderContents, in path: [UInt8]) {
    guard let name = contents.hidden.min() else { return }
    listing.facts.hidden.count += contents.hidden.count
    let first = ByteName(Self.join(path, name))
    listing.facts.hidden.first = min(first, listing.facts.hidden.first ?? first)
  }

  // MARK: Classes

  /// Adds a class's images; none where its folder cannot be reached.
  mutating func appendClass(
    _ name: ByteName, _ folders: Subfolders, of part: String, to files: inout FileList
  ) throws(DatasetError) {
    guard folders.names.contains(name) else { return files.appendClass([]) }
    var paths: [[UInt8]] = []
    let faults = listing.facts.faults.count
    try walk(Self.join(Array(part.utf8), name), of: name, above: [], isRepeated: false, into: &paths)
    if paths.isEmpty, listing.facts.faults.count == faults {
      listing.facts.faults.append(
        DataFault(name: "\(folder)/\(part)/\(name.text)", reason: "the class folder holds no images"))
    }
    files.appendClass(paths)
  }

  /// Adds the image files of a folder and of those in it.
  ///
  /// - Parameters:
  ///   - above: The class's folders that it lies in, for links that lead back into one of them.
  ///   - isRepeated: Whether it lies in a folder of which it was said that it is met twice.
  private mutating func walk(
    _ path: [UInt8], of className: ByteName, above: [FileIdentity], isRepeated: Bool,
    into paths: inout [[UInt8]]
  ) throws(DatasetError) {
    let contents = try contents(path)
    let identity = contents.status.identity
    guard !above.contains(identity) else { return }
    if let outer = outerFolders[identity] {
      note(path, "it leads to \(outer), whose images are not all of this class, and is not followed")
      return
    }
    let isMet = isRepeated ? false : noteIfMet(identity, path, of: className)
    noteHidden(contents, in: path)
    var others: [FolderContents.Entry] = []
    for entry in contents.entries {
      if isImage(entry) { paths.append(Self.join(path, entry.name)) } else { others.append(entry) }
    }
    // In one order everywhere, as it decides which of two paths is the first.
    for entry in others.sorted(by: { $0.name < $1.name }) {
      let inner = Self.join(path, entry.name)
      switch target(of: entry, at: inner) {
      case .folder:
        try walk(
          inner, of: className, above: above + [identity], isRepeated: isRepeated || isMet, into: &paths)
      case .other: listing.facts.ignoredFiles += 1
      case .nothing(let reason): noteBroken(inner, reason)
      }
    }
  }

  private mutating func note(_ path: [UInt8], _ reason: String) {
    listing.facts.faults.append(DataFault(name: FilePath(folder: folder, path).text, reason: reason))
  }

  // MARK: Folders with two paths

  /// Whether the folder was met by another path. Its images count twice then; those of two classes are a fault.
  private mutating func noteIfMet(_ identity: FileIdentity, _ path: [UInt8], of className: ByteName) -> Bool {
    guard let first = metFolders[identity] else {
      metFolders[identity] = MetFolder(path: path, className: className)
      return false
    }
    let firstPath = FilePath(folder: folder, first.path).text
    if first.className == className {
      repeatedFolders.append((FilePath(folder: folder, path).text, firstPath))
    } else {
      note(path, "it is the same folder as \(firstPath): its images would be of two classes")
    }
    return true
  }

  /// Says what was met twice in one class. Another part may have the same folders.
  mutating func endPart() {
    if let pair = repeatedFolders.min(by: { ($0.path, $0.first) < ($1.path, $1.first) }) {
      let others = repeatedFolders.count - 1
      listing.facts.warnings.append(
        "\(pair.path) is the same folder as \(pair.first): its images count twice"
          + (others > 0 ? ", like those of \(counted(others, "other folder"))" : ""))
    }
    repeatedFolders = []
    metFolders = [:]
  }

  /// The parts, the tree's folder and those that it lies in: what a class shares with others.
  mutating func findOuterFolders() {
    for part in ["train", "val", "test"] {
      guard let status = FilePath(folder: folder, part.utf8).status else { continue }
      outerFolders[status.identity] = "\(folder)/\(part)"
    }
    guard let resolved = realpath(folder, nil) else { return }
    defer { free(resolved) }
    var path = ByteName(
      UnsafeBufferPointer(start: resolved, count: strlen(resolved)).map(UInt8.init(bitPattern:)))
    while true {
      if let status = FilePath(folder: "/", path.bytes.dropFirst()).status {
        outerFolders[status.identity] = path.text
      }
      guard let slash = path.bytes.lastIndex(of: UInt8(ascii: "/")), path.bytes.count > 1 else { return }
      path = ByteName(path.bytes[..<max(1, slash)])
    }
  }

  // MARK: Reading

  func target(of entry: FolderContents.Entry, at path: [UInt8]) -> FilePath.Target {
    switch entry.kind {
    case .folder: .folder
    case .link: FilePath(folder: folder, path).target
    case .other: .other
    }
  }

  mutating func contents(_ path: String) throws(DatasetError) -> FolderContents {
    try contents(Array(path.utf8))
  }

  private mutating func contents(_ path: [UInt8]) throws(DatasetError) -> FolderContents {
    let contents = try FolderContents(FilePath(folder: folder, path))
    watch(ByteName(path), contents.status)
    return contents
  }

  mutating func watch(_ path: ByteName, _ status: stat) {
    // Clocks of file systems are coarse, and those of servers not ours: two seconds are ample.
    let isRecent = Double(status.modified) / 1e9 > begin.timeIntervalSince1970 - 2
    listing.facts.watched.append(.init(path: path, modified: isRecent ? 0 : status.modified))
  }

  private static func join(_ path: [UInt8], _ name: ByteName) -> [UInt8] {
    path.isEmpty ? name.bytes : path + [UInt8(ascii: "/")] + name.bytes
  }

  /// Whether a name ends as an image's does. What is behind it, even a folder, is found out when it is opened.
  func isImage(_ entry: FolderContents.Entry) -> Bool {
    guard let dot = entry.name.bytes.lastIndex(of: UInt8(ascii: ".")) else { return false }
    return Self.extensions.contains(entry.name.bytes[(dot + 1)...].map { $0 | 0x20 })
  }

  /// In lower case.
  private static let extensions = Set(["jpg", "jpeg", "png"].map { Array($0.utf8) })
}
