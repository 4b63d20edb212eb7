import Collectives

/// What every rank throws when the run was asked to stop, and did.
public struct RunStopped: StoppedAsAsked, Equatable, CustomStringConvertible {
  /// Steps that were taken.
  public let step: Int
  /// What the run goes on from; nil: it begins anew.
  public let checkpoint: String?
  /// Whether the same command would look for that checkpoint: not if its `--resume` names another.
  let isFoundAgain: Bool

  public var description: String {
    guard let checkpoint else {
      return "stopped as requested before the first step: the same command starts over"
    }
    let command = isFoundAgain ? "the same command" : "the same command with --resume auto"
    return "stopped as requested after step \(step): checkpoint \(checkpoint); \(command) resumes from there"
  }
}
