import Foundation
import Testing

/// A terminal of a given width that a program can be started on, and what the program wrote to it.
final class PseudoTerminal {
  private let primary: FileHandle
  /// The side that the program is given.
  let secondary: FileHandle

  init(columns: Int) throws {
    var (first, second): (Int32, Int32) = (-1, -1)
    var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    try #require(openpty(&first, &second, nil, nil, &size) == 0, "no pseudo-terminal can be opened")
    primary = FileHandle(fileDescriptor: first, closeOnDealloc: true)
    secondary = FileHandle(fileDescriptor: second, closeOnDealloc: true)
  }

  /// What was written, once the program has ended. Short output only: what the system does not buffer would
  /// make the program wait.
  func text() throws -> String {
    try secondary.close()
    var bytes = [UInt8]()
    var part = [UInt8](repeating: 0, count: 4096)
    while case let count = read(primary.fileDescriptor, &part, part.count), count > 0 {
      bytes += part[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
