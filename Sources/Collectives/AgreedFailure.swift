import Foundation

/// What all ranks throw when `Communicator.agree` found that one failed: rank 0 prints it, all exit.
public struct AgreedFailure: SharedFailure, Equatable, CustomStringConvertible {
  /// The lowest rank that failed, and where it runs.
  public let rank: Int
  public let hostName: String
  /// What happened there, in one line; after `init(onEveryRank:hostName:)` perhaps a list in several.
  public let message: String
  /// Whether every rank failed: then the cause is the user's input rather than one machine.
  public let isEverywhere: Bool

  init(rank: Int, hostName: String, message: String, isEverywhere: Bool) {
    self.rank = rank
    self.hostName = hostName
    self.message = message
    self.isEverywhere = isEverywhere
  }

  /// What all ranks found out together: each throws it at the same point, and need not agree first.
  public init(onEveryRank error: any Error, hostName: String) {
    self.init(rank: 0, hostName: hostName, message: describe(error), isEverywhere: true)
  }

  public var description: String {
    isEverywhere ? message : "rank \(rank) on \(hostName): \(message)"
  }
}

/// An error's own sentence; never empty.
func describe(_ error: any Error) -> String {
  let text = (error as? any LocalizedError)?.errorDescription ?? String(describing: error)
  return text.isEmpty ? String(describing: type(of: error)) : text
}
