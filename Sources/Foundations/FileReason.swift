import Foundation

extension Error {
  /// Why a file operation failed, in the system's own words, for example "No such file or directory":
  /// Foundation's description of the same error is often only a number.
  public var fileReason: String {
    systemCode.map { String(cString: strerror($0)) } ?? (self as NSError).localizedDescription
  }

  /// The number of the system's error (`errno`) behind this one; nil where Foundation keeps it to itself.
  var systemCode: Int32? {
    let error = self as NSError
    if error.domain == NSPOSIXErrorDomain { return Int32(error.code) }
    if let underlying = error.userInfo[NSUnderlyingErrorKey] as? any Error { return underlying.systemCode }
    switch (self as? CocoaError)?.code {
    case .fileNoSuchFile?, .fileReadNoSuchFile?: return ENOENT
    case .fileReadNoPermission?, .fileWriteNoPermission?: return EACCES
    case .fileWriteFileExists?: return EEXIST
    case .fileWriteOutOfSpace?: return ENOSPC
    case .fileWriteVolumeReadOnly?: return EROFS
    default: return nil
    }
  }
}
