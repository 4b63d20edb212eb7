import Collectives
import Layers

extension Error {
  /// Whether every rank throws this at the same point, so that one of them may report it for all.
  public var isKnownToAllRanks: Bool {
    switch self {
    case is AgreedFailure: true
    // Found in sums over the global batch, which are equal on all ranks.
    case RunError.nonFinite: true
    default: false
    }
  }
}
