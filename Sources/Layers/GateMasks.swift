/// Masks that gates take instead of deciding, in an evaluation: to compute in two ways with equal masks, or at a density
/// that no network was trained for.
public protocol GateMasks: AnyObject {
  /// Overwrites `mask`, a number for each channel: 1 where it is open, 0 where it is closed.
  func fill(_ mask: inout [Float], gate: Int, row: Int)
}
