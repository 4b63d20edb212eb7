import ArgumentParser
import Collectives

struct ReplayCommand: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Takes steps of a run again, and compares the network with what the run recorded.",
    usage: "sluice replay <RUN> [--step <STEP>] [--set <KEY=VALUE> ...] [<options>]",
    discussion: """
      A run leaves records of its network: checkpoints, and a digest after every audited step (audits.jsonl). From the \
      newest checkpoint before a record, or from the beginning, the steps up to it are taken again, on any number of ranks \
      that split a batch evenly and on any processor; the network must be the same, bit for bit. A run that ended with a \
      value that was not finite recorded that step (non-finite.json), which must come to the same. Nothing is written. The \
      exit code is 1 where anything is another.

      Examples:
        sluice replay runs/first
        sluice replay runs/first --step 12345 --set data.source=cifar10:DIR

      'sluice verify' takes such stretches at random.
      """)

  @Option(
    help: ArgumentHelp(
      "Take the steps up to the first record at or after this one (default: up to the last record).",
      valueName: "STEP"))
  var step: Int?

  @OptionGroup var options: ReplayOptions

  func validate() throws {
    try requireOption("--step", step, in: 1...1_000_000_000)
  }

  static let stopsWhenAsked = true

  func run(on communicator: Communicator) throws {
    try options.replay(on: communicator) { try $0.stretch(of: step) }
  }
}
