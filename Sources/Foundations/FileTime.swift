import Foundation

extension timespec {
  /// Nanoseconds since 1970. File systems hold times of any year: those more than a century away count as that, so that
  /// differences of two never overflow.
  package var nanoseconds: Int64 {
    let farthest = Int64.max / 2
    let (whole, isFar) = Int64(tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, isFarther) = whole.addingReportingOverflow(Int64(tv_nsec))
    if isFar || isFarther { return tv_sec < 0 ? -farthest : farthest }
    return Swift.min(Swift.max(sum, -farthest), farthest)
  }
}
