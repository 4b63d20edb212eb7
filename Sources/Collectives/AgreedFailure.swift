import Foundation

/// What all ranks throw when `Communicator.agree` found that one failed: rank 0 prints it, all exit.
public struct AgreedFailure: Error, Equatable, CustomStringConvertible {
  /// The lowest rank that failed, and where it runs.
  public let rank: Int
  public let hostName: String
  /// What happened there, in one line.
  public let message: String
  /// Whether every rank failed: then the cause is the user's input rather than one machine.
  public let isEverywhere: Bool

  public var description: String {
    isEverywhere ? message : "rank \(rank) on \(hostName): \(message)"
  }
}

/// An error's own sentence; never empty.
func describe(_ error: any Error) -> String {
  let text = (error as? any LocalizedError)?.errorDescription ?? String(describing: error)
  return text.isEmpty ? String(describing: type(of: error)) : text
}
