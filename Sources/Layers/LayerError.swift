/// What can go wrong inside a layer through no fault of the user's.
public enum LayerError: Error, CustomStringConvertible {
  /// A backend refused a convolution; `what` says which.
  case convolution(what: String, reason: String)
  /// A value that is not a number or infinite, first seen at `layer`, by every rank. `shards`: those of this rank's batch in
  /// which it is; none where only others' hold it, or where it is a sum's.
  case nonFinite(layer: String, shards: [Int])

  public var description: String {
    switch self {
    case .convolution(let what, let reason): "\(what) cannot be computed here: \(reason)"
    case .nonFinite(let layer, _): "a non-finite value first appeared at '\(layer)'"
    }
  }
}
