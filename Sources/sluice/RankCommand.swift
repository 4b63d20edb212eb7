import ArgumentParser
import Collectives

/// A command that every rank runs.
protocol RankCommand: ParsableCommand {
  /// Whether it finishes what it is at, and leaves it to be resumed, when it is asked to stop; other commands just end.
  static var stopsWhenAsked: Bool { get }

  /// What it throws becomes one sentence and an exit code; see `withRanks`.
  func run(on communicator: Communicator) throws
}

extension RankCommand {
  static var stopsWhenAsked: Bool { false }

  func run() throws { try withRanks(stopsWhenAsked: Self.stopsWhenAsked, run(on:)) }
}
