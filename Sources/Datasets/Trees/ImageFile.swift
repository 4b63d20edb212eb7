import Foundation
import Foundations
import Images

/// One open file, read only; closed with the value that opened it.
struct ImageFile: ~Copyable {
  private let descriptor: Int32
  private let path: FilePath
  let byteCount: Int

  init(_ path: FilePath) throws(DataFault) {
    self.path = path
    // Without waiting: a pipe somebody named x.jpg would wait for ever for its other end.
    descriptor = open(path.characters, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Self.openFault(path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let fault = path.fault(String(cString: strerror(errno)))
      close(descriptor)
      throw fault
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw path.fault(status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is not a file")
    }
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// The bytes of `range`, which lies inside the file.
  func read(_ range: Range<Int>) throws(DataFault) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeMutableBytes { bytes in
        pread(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(range.lowerBound + done))
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw path.fault(String(cString: strerror(errno))) }
      guard count > 0 else { throw path.fault("it shrank while it was being read") }
      done += count
    }
    return bytes
  }

  /// All of the file, unless that is larger than an image can be.
  func readAll() throws(DataFault) -> [UInt8] {
    guard byteCount <= EncodedImage.largestByteCount else {
      throw path.fault("it has \(grouped(byteCount)) bytes, more than an image")
    }
    return try read(0..<byteCount)
  }

  private static func openFault(_ path: FilePath) -> DataFault {
    let number = errno
    var status = stat()
    if number == ENOENT, lstat(path.characters, &status) == 0 {
      return path.fault("it is a broken link")
    }
    return path.fault(number == ENOENT ? "it is no longer there" : String(cString: strerror(number)))
  }
}

extension FilePath {
  /// The image in the file.
  ///
  /// - Throws: `DatasetError.badImage`.
  func storedImage() throws(DatasetError) -> StoredImage {
    let bytes: [UInt8]
    do {
      bytes = try ImageFile(self).readAll()
    } catch {
      throw .badImage(name: text, reason: error.reason)
    }
    do {
      return .encoded(try EncodedImage(bytes[...]))
    } catch {
      throw .badImage(name: text, reason: "\(error)")
    }
  }

  fileprivate func fault(_ reason: String) -> DataFault { DataFault(name: text, reason: reason) }
}
