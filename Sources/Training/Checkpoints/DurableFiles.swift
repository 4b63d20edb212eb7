import Crypto
import Foundation
import Tensors

/// File operations that have reached the disk when they return; errors carry the system's own words.
enum DurableFiles {
  /// Writes a file, replacing what is there.
  static func write(_ data: Data, to path: String) throws(CheckpointError) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failure(path) }
    defer { close(file) }
    // The disk may only be found full when the last bytes leave the system's memory.
    guard writeAll(data, to: file), fsync(file) == 0 else { throw failure(path) }
  }

  /// Writes a file that has its old contents or the new ones at any moment, a crash included.
  static func replace(_ path: String, by data: Data) throws(CheckpointError) {
    let url = URL(fileURLWithPath: path)
    let folder = url.deletingLastPathComponent().path
    let temporary = "\(folder)/.tmp-\(url.lastPathComponent)"
    try write(data, to: temporary)
    try move(temporary, to: path)
    try syncFolder(folder)
  }

  /// Makes the names in a folder durable.
  static func syncFolder(_ path: String) throws(CheckpointError) {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw failure(path) }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw failure(path) }
  }

  /// Makes a folder; with `withParents` also those that it is in, and none if it is there.
  static func makeFolder(_ path: String, withParents: Bool = true) throws(CheckpointError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: withParents)
    } catch {
      throw .unwritable(path: path, reason: error.fileReason)
    }
  }

  /// Gives a file or folder another name, in one step; a file that has that name is replaced.
  static func move(_ path: String, to newPath: String) throws(CheckpointError) {
    guard rename(path, newPath) == 0 else { throw failure(newPath) }
  }

  /// Makes `path` a symbolic link to `target`, replacing an older link in one step.
  static func link(_ path: String, to target: String) throws(CheckpointError) {
    let temporary = path + ".tmp"
    try remove(temporary)
    guard symlink(target, temporary) == 0 else { throw failure(path) }
    try move(temporary, to: path)
  }

  /// Removes a file, a link or a folder with all it holds, if it is there.
  static func remove(_ path: String) throws(CheckpointError) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      throw .unwritable(path: path, reason: error.fileReason)
    }
  }

  /// SHA-256 in hexadecimal.
  static func digest(_ data: Data) -> String { hexadecimal(SHA256.hash(data: data)) }

  /// SHA-256 of a file in hexadecimal, read piece by piece.
  static func digest(ofFile path: String) throws -> String {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? file.close() }
    var hash = SHA256()
    while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
    return hexadecimal(hash.finalize())
  }

  private static func hexadecimal(_ digest: SHA256Digest) -> String {
    digest.map { String(format: "%02x", $0) }.joined()
  }

  private static func failure(_ path: String) -> CheckpointError {
    .unwritable(path: path, reason: String(cString: strerror(errno)))
  }
}
