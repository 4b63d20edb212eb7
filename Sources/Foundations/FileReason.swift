import Foundation

extension Error {
  /// Why a file operation failed, in the system's own words, for example "No such file or directory":
  /// Foundation's description of the same error is often only a number.
  public var fileReason: String {
    let error = self as NSError
    if error.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(error.code))) }
    if let underlying = error.userInfo[NSUnderlyingErrorKey] as? any Error { return underlying.fileReason }
    switch (self as? CocoaError)?.code {
    case .fileNoSuchFile?, .fileReadNoSuchFile?: return String(cString: strerror(ENOENT))
    case .fileReadNoPermission?, .fileWriteNoPermission?: return String(cString: strerror(EACCES))
    default: return error.localizedDescription
    }
  }
}
