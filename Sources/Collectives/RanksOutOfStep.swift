/// What every rank throws when ranks that meet have not begun equally many collectives before: they do not do the same.
public struct RanksOutOfStep: SharedFailure, Equatable, CustomStringConvertible {
  /// Where they met.
  let collective: String
  /// What each has begun, in rank order.
  let counts: [Int64]

  public var description: String {
    let other = counts.firstIndex { $0 != counts[0] } ?? 0
    return "ranks do not take the same steps: '\(collective)' is collective \(counts[0]) of rank 0 and "
      + "\(counts[other]) of rank \(other), which is a fault of Sluice"
  }
}
