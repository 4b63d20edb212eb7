import Foundation

/// A regular file that is open for reading. A pipe or device by its name is refused: to open it could take for ever.
package final class RegularFile {
  private let path: String
  private let file: Int32
  /// Bytes in it when it was opened.
  package let size: Int
  /// When it was last written, by the clock of its file system.
  package let modified: Date

  /// - Returns: nil if there is no such file.
  /// - Throws: `UnreadableText`.
  package init?(_ path: String) throws(UnreadableText) {
    self.path = path
    let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard opened >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw UnreadableText(reason: String(cString: strerror(errno)))
    }
    var status = stat()
    guard fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(opened)
      throw UnreadableText(reason: "it is not a regular file")
    }
    file = opened
    size = Int(status.st_size)
    let (seconds, nanoseconds) = (Double(status.st_mtim.tv_sec), Double(status.st_mtim.tv_nsec))
    modified = Date(timeIntervalSince1970: seconds + nanoseconds / 1e9)
  }

  deinit { close(file) }

  /// The bytes of a range, fewer where the file ends earlier.
  ///
  /// - Throws: `UnreadableText`.
  package func read(_ range: Range<Int>) throws(UnreadableText) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var filled = 0
    while filled < bytes.count {
      let start = filled
      let count = bytes.withUnsafeMutableBytes {
        pread(file, $0.baseAddress! + start, $0.count - start, off_t(range.lowerBound + start))
      }
      if count == 0 { break }
      if count > 0 { filled += count } else if errno != EINTR { throw failure }
    }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  /// All that was in it when it was opened.
  ///
  /// - Throws: `UnreadableText`.
  package func read() throws(UnreadableText) -> [UInt8] { try read(0..<size) }

  private var failure: UnreadableText { UnreadableText(reason: String(cString: strerror(errno))) }
}
