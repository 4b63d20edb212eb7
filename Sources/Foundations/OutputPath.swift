import Foundation

/// Where something is to be written, looked at before it is.
struct OutputPath {
  /// Without links at its end.
  let path: String
  /// Whether a new file may take its place: nothing is there, or a regular file that has this name.
  let isReplaceable: Bool

  /// As many as the kernel follows.
  private static let mostLinks = 40

  /// - Throws: `UnwritableFile` for a folder, a circle of links, and what the system will not tell about.
  init(_ path: String) throws(UnwritableFile) {
    guard !path.isEmpty else { throw UnwritableFile(path: "''", code: ENOENT) }
    var status = stat()
    if stat(path, &status) == 0 {
      if status.st_mode & S_IFMT == S_IFDIR { throw UnwritableFile(path: path, code: EISDIR) }
      if status.st_mode & S_IFMT != S_IFREG {
        (self.path, isReplaceable) = (path, false)
        return
      }
    } else if errno != ENOENT {
      throw UnwritableFile(path: path, code: errno)
    }
    var end = path
    for _ in 0..<Self.mostLinks {
      // What an open file of a process is called, for example /dev/stdout, cannot be given to another.
      if end.hasPrefix("/proc/") || end.hasPrefix("/dev/fd/") {
        (self.path, isReplaceable) = (path, false)
        return
      }
      guard lstat(end, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else {
        (self.path, isReplaceable) = (end, true)
        return
      }
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: end) else { break }
      let folder = end.parentPath
      end = target.hasPrefix("/") || folder.isEmpty ? target : "\(folder)/\(target)"
    }
    throw UnwritableFile(path: path, code: ELOOP)
  }

  /// Holds the file.
  var folder: String { URL(fileURLWithPath: path).deletingLastPathComponent().path }
  /// What the new file is called until it is whole.
  var temporary: String { "\(folder)/.tmp-\(URL(fileURLWithPath: path).lastPathComponent)" }
}

extension DurableFiles {
  /// Looks whether a file could be written, before the work whose result it gets. Nothing is changed.
  ///
  /// - Throws: `UnwritableFile`: its folder is not there, it is a folder itself, or the right to write is missing.
  public static func requireWritableFile(_ path: String) throws(UnwritableFile) {
    let target = try OutputPath(path)
    let isThere = access(target.path, F_OK) == 0
    guard target.isReplaceable || isThere else { throw UnwritableFile(path: path, code: errno) }
    if !target.isReplaceable {
      guard access(path, W_OK) == 0 else { throw UnwritableFile(path: path, code: errno) }
      return
    }
    guard access(target.folder, W_OK | X_OK) == 0 else { throw UnwritableFile(path: path, code: errno) }
  }

  /// The file whose place a new one takes that is written to `path`: links are followed. Nothing is changed.
  ///
  /// - Throws: `UnwritableFile` as `requireWritableFile`, and for a device or a pipe, which nothing can take the place of.
  public static func replaceableFile(at path: String) throws(UnwritableFile) -> String {
    try requireWritableFile(path)
    let target = try OutputPath(path)
    guard target.isReplaceable else { throw UnwritableFile(path: path, reason: "it is not a regular file") }
    return target.path
  }

  /// Looks whether a folder could be made, with those that it is in, or be written to if it is there. Nothing is
  /// changed.
  ///
  /// - Throws: `UnwritableFile`, which names what stands in the way.
  public static func requireWritableFolder(_ path: String) throws(UnwritableFile) {
    guard !path.isEmpty else { throw UnwritableFile(path: "''", reason: "a folder must have a name") }
    var existing = path
    var status = stat()
    while stat(existing, &status) != 0 {
      // A link that leads nowhere is in the way of a folder.
      guard errno == ENOENT, lstat(existing, &status) != 0 else {
        throw UnwritableFile(path: existing, code: errno == 0 ? ENOENT : errno)
      }
      let parent = existing.parentPath
      existing = parent.isEmpty ? "." : parent
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw UnwritableFile(path: existing, code: ENOTDIR) }
    guard access(existing, W_OK | X_OK) == 0 else { throw UnwritableFile(path: existing, code: errno) }
  }
}
