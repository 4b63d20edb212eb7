import ArgumentParser
import Collectives
import Configurations
import Foundations
import Progress
import Studies

struct PruneCommand: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Trains and prunes a network in rounds.",
    usage: "sluice prune <CONFIG> [--rounds <R>] [--set <KEY=VALUE> ...] [--run <DIR>] [<options>]",
    discussion: """
      Each round trains the network, lets a fifth of the weights that remain go, and takes the others back to what they \
      were early in the first round; keys pruning.… say which go first and how far back the others go. DIR/rounds/NN is \
      the run of round NN with its mask.safetensors, DIR/rounds/00/rewind.safetensors what weights go back to. The same \
      command goes on after an interruption, and with more rounds after those that are finished.

      Example:
        scripts/launch sluice prune configs/cifar10-quick.yaml --set data.source=cifar10:DIR --rounds 8
      """)

  @OptionGroup var file: ConfigurationOptions

  @Option(
    help: ArgumentHelp("How often weights go (default: pruning.rounds of the configuration).", valueName: "R")
  )
  var rounds: Int?

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp(
      "The folder of all rounds (default: runs/ and the name of the configuration's file with -prune).",
      valueName: "DIR"),
    completion: .directory, transform: nonEmptyPath)
  var folder: String?

  @OptionGroup var closedLayers: ClosedLayerOptions

  @OptionGroup var patience: PatienceOptions

  @OptionGroup var takeOver: TakeOverOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws { try requireOption("--rounds", rounds, in: 0...100) }

  static let stopsWhenAsked = true

  func run(on communicator: Communicator) throws {
    var file = try file.load(on: communicator)
    if let rounds { file = try communicator.agree { try file.applying(["pruning.rounds=\(rounds)"]) } }
    let folder = try folder ?? self.file.defaultRunFolder(on: communicator) + "-prune"
    let plan = PruningPlan(folder: folder, file.pruning)
    let display = progress.display(on: communicator)
    let log = progress.log(beside: display)
    patience.apply(to: communicator)
    let procedure = try PruningProcedure(
      plan, of: file, allowsClosedLayers: closedLayers.areAllowed, on: communicator, display: display,
      log: log)
    guard let report = try procedure.run(force: takeOver.isForced) else { return }
    try results.print(report, on: communicator)
  }
}

/// Whether a mask may close a layer.
struct ClosedLayerOptions: ParsableArguments {
  @Flag(name: .customLong("force"), help: "Train even where a mask leaves a layer no weight at all.")
  var areAllowed = false
}
