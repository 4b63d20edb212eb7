import COneDNN

/// The oneDNN that is linked.
public struct KernelLibrary: Equatable, Sendable {
  /// For example `2.6.3`.
  public let version: String
  /// The largest instruction set that it uses here, by its own name.
  public let instructionSet: String

  public init(version: String, instructionSet: String) {
    self.version = version
    self.instructionSet = instructionSet
  }

  public static var linked: Self {
    var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
    onednn_version(&major, &minor, &patch)
    return Self(
      version: "\(major).\(minor).\(patch)", instructionSet: String(cString: onednn_instruction_set()))
  }
}
