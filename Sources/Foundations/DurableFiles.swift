import Crypto
import Foundation

/// File operations that have reached the disk when they return; errors carry the system's own words.
public enum DurableFiles {
  /// Writes a file, replacing what is there.
  public static func write(_ data: Data, to path: String) throws(UnwritableFile) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failure(path) }
    defer { close(file) }
    // The disk may only be found full when the last bytes leave the system's memory.
    guard writeAll(data, to: file), fsync(file) == 0 else { throw failure(path) }
  }

  /// Has the disk take what was written to a file. Whether it could is told to those who have the file open.
  public static func flush(_ path: String) {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return }
    fsync(file)
    close(file)
  }

  /// Writes a file that has its old contents or the new ones at any moment; see `StagedFile`.
  public static func replace(_ path: String, by data: Data) throws(UnwritableFile) {
    try StagedFile(data, for: path).commit()
  }

  /// Makes the names in a folder durable, where its file system can: CIFS and some in user space have no such
  /// operation, and their names are as safe as they make them.
  public static func syncFolder(_ path: String) throws(UnwritableFile) {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw failure(path) }
    defer { close(folder) }
    guard fsync(folder) == 0 || [EINVAL, ENOTSUP].contains(errno) else { throw failure(path) }
  }

  /// Makes a folder, unless it is there; with `withParents` also those that it is in.
  public static func makeFolder(_ path: String, withParents: Bool = true) throws(UnwritableFile) {
    guard mkdir(path, 0o777) != 0 else { return }
    let code = errno
    var status = stat()
    if code == EEXIST {
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw UnwritableFile(path: path, code: ENOTDIR)
      }
      return
    }
    let parent = path.parentPath
    guard code == ENOENT, withParents, !parent.isEmpty, parent != path else {
      throw UnwritableFile(path: path, code: code)
    }
    try makeFolder(parent)
    try makeFolder(path, withParents: false)
  }

  /// Gives a file or folder another name, in one step; a file that has that name is replaced.
  public static func move(_ path: String, to newPath: String) throws(UnwritableFile) {
    guard rename(path, newPath) == 0 else { throw failure(newPath) }
  }

  /// Makes `path` a symbolic link to `target`, replacing an older link in one step.
  public static func link(_ path: String, to target: String) throws(UnwritableFile) {
    let temporary = path + ".tmp"
    try remove(temporary)
    guard symlink(target, temporary) == 0 else { throw failure(path) }
    try move(temporary, to: path)
  }

  /// Removes a file, a link or a folder with all it holds, if it is there.
  public static func remove(_ path: String) throws(UnwritableFile) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      throw UnwritableFile(path: path, error)
    }
  }

  /// SHA-256 in hexadecimal.
  public static func digest(_ data: Data) -> String { SHA256.hash(data: data).hexadecimal }

  /// SHA-256 of a file in hexadecimal, read piece by piece.
  public static func digest(ofFile path: String) throws -> String {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? file.close() }
    var hash = SHA256()
    while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
    return hash.finalize().hexadecimal
  }

  private static func failure(_ path: String) -> UnwritableFile { UnwritableFile(path: path, code: errno) }
}

extension SHA256Digest {
  /// 64 lower-case digits.
  public var hexadecimal: String {
    map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}
