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
      return "stopped as asked before the first step: the same command begins anew"
    }
    let command = isFoundAgain ? "the same command" : "the same command with --resume auto"
    return "stopped as asked after step \(step): checkpoint \(checkpoint); \(command) goes on from there"
  }
}
