import Foundation

/// A path as the system takes it: bytes that need not be text.
struct FilePath: Sendable {
  /// Ends with a zero.
  let characters: [CChar]

  /// - Parameter relative: Empty for the folder itself.
  init(folder: String, _ relative: some Collection<UInt8>) {
    var bytes = Array(folder.utf8)
    if !relative.isEmpty {
      if bytes.last != UInt8(ascii: "/") { bytes.append(UInt8(ascii: "/")) }
      bytes.append(contentsOf: relative)
    }
    characters = bytes.map(CChar.init(bitPattern:)) + [0]
  }

  /// For people.
  var text: String { characters.dropLast().map(UInt8.init(bitPattern:)).text }

  /// What the system knows of the file, or of what a link leads to; nil: nothing, for the reason in `errno`.
  var status: stat? {
    var status = stat()
    return stat(characters, &status) == 0 ? status : nil
  }

  var isFolder: Bool { status.map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }
}

extension stat {
  /// Nanoseconds since 1970.
  var modified: Int64 { Int64(st_mtim.tv_sec) * 1_000_000_000 + Int64(st_mtim.tv_nsec) }

  func isSameFile(as other: stat) -> Bool { st_dev == other.st_dev && st_ino == other.st_ino }
}

/// The names in a folder, and what the scan of a tree has to know of the folder itself.
struct FolderContents {
  struct Entry {
    enum Kind { case folder, link, other }
    let name: [UInt8]
    let kind: Kind
  }

  /// In no order.
  var entries: [Entry] = []
  let status: stat

  /// - Throws: `DatasetError.unreadable`.
  init(_ path: FilePath) throws(DatasetError) {
    func failure() -> DatasetError {
      .unreadable(path: path.text, reason: String(cString: strerror(errno)))
    }
    guard let folder = opendir(path.characters) else { throw failure() }
    defer { closedir(folder) }
    var status = stat()
    guard fstat(dirfd(folder), &status) == 0 else { throw failure() }
    self.status = status
    while true {
      errno = 0
      guard let entry = readdir(folder) else {
        guard errno == 0 else { throw failure() }
        return
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: UInt8.self, capacity: 256) {
          Array(
            UnsafeBufferPointer(
              start: $0, count: strlen(UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))))
        }
      }
      guard name != [UInt8(ascii: ".")], name != [UInt8(ascii: "."), UInt8(ascii: ".")] else { continue }
      entries.append(Entry(name: name, kind: Self.kind(Int(entry.pointee.d_type))))
    }
  }

  /// Some file systems do not say in the folder what a name is: that is asked like what a link leads to.
  private static func kind(_ type: Int) -> Entry.Kind {
    switch type {
    case Int(DT_DIR): .folder
    case Int(DT_LNK), Int(DT_UNKNOWN): .link
    default: .other
    }
  }
}
