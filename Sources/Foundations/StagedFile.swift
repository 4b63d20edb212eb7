import Foundation

/// New contents of a file, on the disk beside it: `commit` gives them the file's name, as of `StagedStream`.
///
/// What is no regular file is written to when the contents are committed.
public struct StagedFile {
  private let data: Data
  private let stream: StagedStream

  /// Writes `data` beside the file at `path`.
  ///
  /// - Throws: `UnwritableFile`, which names `path`; nothing is left behind.
  public init(_ data: Data, for path: String) throws(UnwritableFile) {
    self.data = data
    stream = try StagedStream(for: path)
    guard stream.temporary != nil else { return }
    try stream.write(data)
    try stream.sync()
  }

  /// The contents as they are read from the disk.
  ///
  /// - Throws: What Foundation says of a file that cannot be read.
  public func readBack() throws -> Data {
    try stream.temporary.map { try Data(contentsOf: URL(fileURLWithPath: $0)) } ?? data
  }

  /// Gives the contents the file's name.
  ///
  /// - Throws: `UnwritableFile`, which names the file; it is as it was.
  public func commit() throws(UnwritableFile) {
    if stream.temporary == nil { try stream.write(data) }
    try stream.commit()
  }

  /// Removes the contents; the file is as it was.
  public func discard() { stream.discard() }
}
