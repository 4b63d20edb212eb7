import Foundation
import Images

/// One open file, read only; closed with the value that opened it.
///
/// Errors are a reason without the path, for whoever knows what the file is called.
struct ImageFile: ~Copyable {
  private let descriptor: Int32
  let byteCount: Int

  struct Failure: Error {
    let reason: String
  }

  init(_ path: FilePath) throws(Failure) {
    // Without waiting: a pipe somebody named x.jpg would wait for ever for its other end.
    descriptor = open(path.characters, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Self.openFailure(path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let failure = Failure(reason: String(cString: strerror(errno)))
      close(descriptor)
      throw failure
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw Failure(reason: status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is not a file")
    }
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// The bytes of `range`, which lies inside the file.
  func read(_ range: Range<Int>) throws(Failure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeMutableBytes { bytes in
        pread(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(range.lowerBound + done))
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Failure(reason: String(cString: strerror(errno))) }
      guard count > 0 else { throw Failure(reason: "it became shorter while it was read") }
      done += count
    }
    return bytes
  }

  /// All of the file.
  func readAll() throws(Failure) -> [UInt8] { try read(0..<byteCount) }

  private static func openFailure(_ path: FilePath) -> Failure {
    let number = errno
    var status = stat()
    if number == ENOENT, lstat(path.characters, &status) == 0 {
      return Failure(reason: "it is a link that leads nowhere")
    }
    return Failure(reason: number == ENOENT ? "it is no longer there" : String(cString: strerror(number)))
  }
}
