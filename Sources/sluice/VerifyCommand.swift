import ArgumentParser
import Collectives

struct VerifyCommand: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Checks a run by taking some of its steps again, drawn at random.",
    usage: "sluice verify <RUN> [--stretches <N>] [--seed <N>] [--set <KEY=VALUE> ...] [<options>]",
    discussion: """
      A run's records of its network (checkpoints, and audits.jsonl) cut it into stretches of steps. Some of these are taken \
      again as by 'sluice replay'; each must end in the recorded network, bit for bit. Nothing is written. The exit code is 1 \
      where it does not.

      Examples:
        sluice verify runs/first
        scripts/launch -n 2 sluice verify runs/first --stretches 10 --set data.source=cifar10:DIR
      """)

  @Option(help: ArgumentHelp("How many stretches are taken; all, if there are fewer.", valueName: "N"))
  var stretches = 3

  @Option(help: ArgumentHelp("Decides which ones.", valueName: "N"))
  var seed: UInt64 = 0

  @OptionGroup var options: ReplayOptions

  func validate() throws {
    try requireOption("--stretches", stretches, in: 1...1_000_000)
  }

  static let stopsWhenAsked = true

  func run(on communicator: Communicator) throws {
    try options.replay(on: communicator) { try $0.randomStretches(stretches, seed: seed) }
  }
}
