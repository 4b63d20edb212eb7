import Foundation

/// New contents of a file that come piece by piece, on the disk under a temporary name beside it: `commit` gives them the
/// file's name.
///
/// The file has its old contents or the new ones at any moment, a crash included. A link is followed: what it leads to
/// is replaced. What is there and is no regular file, such as a device or a pipe, is written to as the pieces come, and
/// stays what it is.
public final class StagedStream {
  private let path: String
  private let target: OutputPath
  private let file: Int32
  private var isOver = false

  /// - Throws: `UnwritableFile`, which names `path`; nothing is left behind.
  public init(for path: String) throws(UnwritableFile) {
    self.path = path
    target = try OutputPath(path)
    // Appends: /dev/stdout may be a file that others write to as well.
    file =
      target.isReplaceable
      ? open(target.temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      : open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    guard file >= 0 else { throw UnwritableFile(path: path, code: errno) }
  }

  deinit { discard() }

  /// Where the contents are until they are committed; nil: they go where they belong at once.
  var temporary: String? { target.isReplaceable ? target.temporary : nil }

  /// - Throws: `UnwritableFile`, which names the file; it is as it was.
  public func write(_ data: Data) throws(UnwritableFile) {
    guard writeAll(data, to: file) else { throw failure }
  }

  /// Returns when what was written under the temporary name has reached the disk.
  func sync() throws(UnwritableFile) {
    // The disk may only be found full when the last bytes leave the system's memory.
    guard !target.isReplaceable || fsync(file) == 0 else { throw failure }
  }

  /// Gives the contents the file's name; the last thing that is done with them.
  ///
  /// - Throws: `UnwritableFile`, which names the file; it is as it was.
  public func commit() throws(UnwritableFile) {
    try sync()
    guard !target.isReplaceable || rename(target.temporary, target.path) == 0 else { throw failure }
    isOver = true
    close(file)
    if target.isReplaceable { try DurableFiles.syncFolder(target.folder) }
  }

  /// Removes the contents; the file is as it was.
  public func discard() {
    guard !isOver else { return }
    isOver = true
    close(file)
    if target.isReplaceable { unlink(target.temporary) }
  }

  /// What the system has just said; the contents go.
  private var failure: UnwritableFile {
    let code = errno
    discard()
    return UnwritableFile(path: path, code: code)
  }
}
