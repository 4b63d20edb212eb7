/// Why an export was not written, in one sentence.
public enum ExportError: Error, CustomStringConvertible {
  /// The disk gave back other bytes than it was given.
  case notReadBack(path: String)
  /// ‖a − b‖₂/‖b‖₂ of an image's features is larger than rounding explains.
  case otherFeatures(path: String, difference: Double)
  /// A gate decides otherwise, and it was not a close decision.
  case otherMask(path: String, gate: String, logit: Double)

  public var description: String {
    switch self {
    case .notReadBack(let path):
      "\(path) was not written: the disk gives back other bytes than it was given"
    case .otherFeatures(let path, let difference):
      "\(path) was not written: the features that it gives differ from the checkpoint's by "
        + "\(differenceText(difference)), "
        + "and rounding explains \(ExportCheck.tolerance) at most: please report this"
    case .otherMask(let path, let gate, let logit):
      "\(path) was not written: '\(gate)' decides otherwise than in the checkpoint, where its logit is \(logit): "
        + "please report this"
    }
  }
}
