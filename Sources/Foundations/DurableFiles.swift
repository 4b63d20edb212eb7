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

  /// Writes a file that has its old contents or the new ones at any moment, a crash included.
  public static func replace(_ path: String, by data: Data) throws(UnwritableFile) {
    let url = URL(fileURLWithPath: path)
    let folder = url.deletingLastPathComponent().path
    let temporary = "\(folder)/.tmp-\(url.lastPathComponent)"
    try write(data, to: temporary)
    try move(temporary, to: path)
    try syncFolder(folder)
  }

  /// Makes the names in a folder durable.
  public static func syncFolder(_ path: String) throws(UnwritableFile) {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw failure(path) }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw failure(path) }
  }

  /// Makes a folder; with `withParents` also those that it is in, and none if it is there.
  public static func makeFolder(_ path: String, withParents: Bool = true) throws(UnwritableFile) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: withParents)
    } catch {
      throw UnwritableFile(path: path, reason: error.fileReason)
    }
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
      throw UnwritableFile(path: path, reason: error.fileReason)
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

  private static func failure(_ path: String) -> UnwritableFile {
    UnwritableFile(path: path, reason: String(cString: strerror(errno)))
  }
}

extension SHA256Digest {
  /// 64 lower-case digits.
  public var hexadecimal: String {
    map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}

/// A file or folder that could not be written, moved or removed.
public struct UnwritableFile: Error, Equatable, CustomStringConvertible {
  public let path: String
  /// The system's own words.
  public let reason: String

  public init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  public var description: String { "\(path): cannot be written: \(reason)" }
}
