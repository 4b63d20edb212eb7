import Foundation

/// The text of a file that a person wrote, in UTF-8; a byte order mark is not part of it.
///
/// - Parameters:
///   - path: May also name a pipe, such as /dev/stdin or what a shell makes of `<(…)`: its text comes once.
///   - most: Of its bytes.
public func readText(_ path: String, atMost most: Int = .max) throws(UnreadableText) -> String {
  let bytes = withoutByteOrderMark(try readBytes(path, atMost: most))
  guard let text = String(validating: bytes, as: UTF8.self) else {
    throw UnreadableText(reason: "it is not text in UTF-8")
  }
  return text
}

/// The bytes of a text in UTF-8 without the mark with which some programs begin it.
package func withoutByteOrderMark(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
  let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
  return bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
}

/// Why a text could not be read; completes "cannot be read: …".
public struct UnreadableText: Error {
  public let reason: String
}

/// The bytes of a file or pipe.
///
/// - Throws: `UnreadableText`, also where there are more than `most`, of which no more are read.
package func readBytes(_ path: String, atMost most: Int = .max) throws(UnreadableText) -> [UInt8] {
  // Foundation reads nothing but files and folders.
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { throw failure(path) }
  defer { close(file) }
  var bytes: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(file, &piece, piece.count)
    if count == 0 { return bytes }
    if count > 0 { bytes += piece[..<count] } else if errno != EINTR { throw failure(path) }
    guard bytes.count <= most else {
      throw UnreadableText(reason: "it has more than \(grouped(most)) bytes")
    }
  }
}

private func failure(_ path: String) -> UnreadableText {
  if errno == ENOENT, path.hasPrefix("/dev/fd/") {
    return UnreadableText(
      reason: "the launcher did not pass this pipe on to the ranks: pipe into /dev/stdin, or start them with "
        + "scripts/launch")
  }
  return UnreadableText(reason: String(cString: strerror(errno)))
}
