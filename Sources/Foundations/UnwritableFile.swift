import Foundation

/// A file or folder that could not be written, moved or removed.
public struct UnwritableFile: Error, Equatable, CustomStringConvertible {
  public let path: String
  /// The system's number of the error (`errno`); nil where the system was not asked.
  public let code: Int32?
  /// In the system's own words, where it was asked.
  public let reason: String

  public init(path: String, code: Int32? = nil, reason: String) {
    self.path = path
    self.code = code
    self.reason = reason
  }

  /// - Parameter code: As the system left it in `errno`.
  public init(path: String, code: Int32) {
    self.init(path: path, code: code, reason: String(cString: strerror(code)))
  }

  /// - Parameter error: Of Foundation.
  public init(path: String, _ error: any Error) {
    self.init(path: path, code: error.systemCode, reason: error.fileReason)
  }

  public var description: String { "\(path): cannot be written: \(reason)" }

  /// What may become of the fault when one waits.
  public enum Remedy: Equatable, Sendable {
    /// Somebody makes room.
    case room
    /// A disk or a server comes back.
    case time
    /// Nothing: something else has to change.
    case none
  }

  public var remedy: Remedy {
    switch code {
    case ENOSPC, EDQUOT, EFBIG: .room
    case EIO, EAGAIN, EBUSY, EROFS, ENOENT, ENODEV, ENXIO, ESTALE, ETIMEDOUT, ENOTCONN, ECONNREFUSED,
      EHOSTDOWN,
      EHOSTUNREACH, EACCES, EMFILE, ENFILE, ENOMEM:
      .time
    default: .none
    }
  }
}
