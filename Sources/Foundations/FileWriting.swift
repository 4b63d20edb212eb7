import Foundation

/// Writes all bytes where the file stands.
///
/// - Returns: false if the system refused, for the reason in `errno`; some of them may be written then.
public func writeAll(_ data: Data, to file: Int32) -> Bool {
  data.withUnsafeBytes { bytes in
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0 && errno != EINTR { return false }
      rest = rest.dropFirst(max(count, 0))
    }
    return true
  }
}
