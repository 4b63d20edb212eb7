import Foundation
import Foundations

/// A path as the system takes it: bytes that need not be text.
package struct FilePath: Sendable {
  /// Ends with a zero.
  let characters: [CChar]

  /// - Parameter relative: Empty for the folder itself.
  package init(folder: String, _ relative: some Collection<UInt8>) {
    var bytes = Array(folder.utf8)
    if !relative.isEmpty {
      if bytes.last != UInt8(ascii: "/") { bytes.append(UInt8(ascii: "/")) }
      bytes.append(contentsOf: relative)
    }
    characters = bytes.map(CChar.init(bitPattern:)) + [0]
  }

  /// For people.
  package var text: String { characters.dropLast().map(UInt8.init(bitPattern:)).text }

  /// What the system knows of the file, or of what a link leads to; nil: nothing, for the reason in `errno`.
  package var status: stat? {
    var status = stat()
    return stat(characters, &status) == 0 ? status : nil
  }

  /// What a link leads to, folder or not.
  package enum Target {
    case folder, other
    /// It cannot be reached.
    case nothing(reason: String)
  }

  package var target: Target {
    if let status { return status.st_mode & S_IFMT == S_IFDIR ? .folder : .other }
    let number = errno
    guard [ENOENT, ENOTDIR, ELOOP].contains(number) else {
      return .nothing(reason: String(cString: strerror(number)))
    }
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(characters, &bytes, bytes.count)
    return .nothing(reason: "it is a broken link" + (count > 0 ? " to \(bytes[..<count].text)" : ""))
  }
}

extension stat {
  /// Nanoseconds since 1970.
  var modified: Int64 { st_mtim.nanoseconds }

  /// Equal for all paths of one file or folder.
  package var identity: FileIdentity { FileIdentity(device: UInt64(st_dev), number: UInt64(st_ino)) }
}

package struct FileIdentity: Hashable, Sendable {
  let device: UInt64
  let number: UInt64
}

/// The names in a folder, and what the scan of a tree has to know of the folder itself.
package struct FolderContents {
  package struct Entry {
    package enum Kind { case folder, link, other }
    package let name: ByteName
    package let kind: Kind
  }

  /// Of what is not hidden, in no order.
  package private(set) var entries: [Entry] = []
  private(set) var hidden: [ByteName] = []
  package let status: stat

  /// - Throws: `DatasetError.unreadable`.
  package init(_ path: FilePath) throws(DatasetError) {
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
      let bytes = withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: UInt8.self, capacity: 256) {
          Array(
            UnsafeBufferPointer(
              start: $0, count: strlen(UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))))
        }
      }
      let name = ByteName(bytes)
      guard name != ".", name != ".." else { continue }
      if name.isHidden {
        hidden.append(name)
      } else {
        entries.append(Entry(name: name, kind: Self.kind(Int(entry.pointee.d_type))))
      }
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
