import ArgumentParser
import Collectives

/// A command that every rank runs.
protocol RankCommand: ParsableCommand {
  /// What it throws becomes one sentence and an exit code; see `withRanks`.
  func run(on communicator: Communicator) throws
}

extension RankCommand {
  func run() throws { try withRanks(run(on:)) }
}
