import Collectives
import Layers

extension Error {
  /// Whether every rank throws this at the same point, so that one of them may report it for all.
  public var isKnownToAllRanks: Bool {
    if self is AgreedFailure || self is RunStopped { return true }
    switch self as? RunError {
    // Found in sums over the global batch, which are equal on all ranks.
    case .nonFinite: return true
    // Ranks agree on every batch before they take it.
    case .badData: return true
    default: return false
    }
  }

  /// What the program that ends because of this exits with.
  public var exitCode: Int32 { self is RunStopped ? RunStopped.exitCode : 1 }
}
