import Foundation

/// New contents of a file, on the disk under a temporary name beside it: `commit` gives them the file's name.
///
/// The file has its old contents or the new ones at any moment, a crash included. A link is followed: what it leads to
/// is replaced. What is there and is no regular file, such as a device or a pipe, is written to when it is committed,
/// and stays what it is.
public struct StagedFile {
  private let path: String
  private let data: Data
  private let target: OutputPath

  /// Writes `data` beside the file at `path`.
  ///
  /// - Throws: `UnwritableFile`, which names `path`; nothing is left behind.
  public init(_ data: Data, for path: String) throws(UnwritableFile) {
    self.path = path
    self.data = data
    target = try OutputPath(path)
    guard target.isReplaceable else { return }
    do {
      try DurableFiles.write(data, to: temporary)
    } catch {
      throw discarded(after: error)
    }
  }

  /// The contents as they are read from the disk.
  ///
  /// - Throws: What Foundation says of a file that cannot be read.
  public func readBack() throws -> Data {
    target.isReplaceable ? try Data(contentsOf: URL(fileURLWithPath: temporary)) : data
  }

  /// Gives the contents the file's name.
  ///
  /// - Throws: `UnwritableFile`, which names the file; it is as it was.
  public func commit() throws(UnwritableFile) {
    guard target.isReplaceable else { return try DurableFiles.pour(data, into: path) }
    do {
      try DurableFiles.move(temporary, to: target.path)
    } catch {
      throw discarded(after: error)
    }
    try DurableFiles.syncFolder(folder)
  }

  /// Removes the contents; the file is as it was.
  public func discard() {
    if target.isReplaceable { unlink(temporary) }
  }

  private var folder: String { URL(fileURLWithPath: target.path).deletingLastPathComponent().path }
  private var temporary: String { "\(folder)/.tmp-\(URL(fileURLWithPath: target.path).lastPathComponent)" }

  private func discarded(after error: UnwritableFile) -> UnwritableFile {
    discard()
    return UnwritableFile(path: path, code: error.code, reason: error.reason)
  }
}
