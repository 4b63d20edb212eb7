import Collectives
import Layers

extension Error {
  /// Whether every rank throws this at the same point, so that one of them may report it for all.
  public var isKnownToAllRanks: Bool {
    if self is AgreedFailure || self is any StoppedAsAsked { return true }
    switch self as? RunError {
    // Found in sums over the global batch, which are equal on all ranks.
    case .nonFinite: return true
    // Ranks agree on every batch before they take it.
    case .badData: return true
    default: return false
    }
  }

  /// What the program that ends because of this exits with: 75, EX_TEMPFAIL of sysexits.h, if it stopped as asked.
  /// Nothing is wrong then, and a batch system requeues the job.
  public var exitCode: Int32 { self is any StoppedAsAsked ? 75 : 1 }
}
