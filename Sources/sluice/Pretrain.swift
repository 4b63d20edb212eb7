import ArgumentParser
import Collectives
import Foundation
import Foundations
import Progress
import Studies
import Training

struct Pretrain: RankCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains a network without labels, as a configuration file says.",
    usage: "sluice pretrain <CONFIG> [--set <KEY=VALUE> ...] [--run <DIR>] [<options>]",
    discussion: """
      An interrupted run resumes where it stopped when the same command is given again, on any number \
      of ranks. Ctrl-C in scripts/launch, SIGUSR1 or SIGUSR2 to mpirun, or SIGTERM, SIGINT, SIGHUP, SIGUSR1 or \
      SIGUSR2 to any rank stops all ranks after the step: rank 0 writes a checkpoint, and the exit code 75 tells a \
      batch system to start the job again. Another signal, a second later, ends it at once.

      Examples:
        sluice pretrain configs/shapes-quick.yaml
        scripts/launch -n 2 sluice pretrain configs/cifar10-quick.yaml \\
          --set data.source=cifar10:DIR --run runs/first
        sluice pretrain configs/imagenet100-simclr.yaml --init resnet18.safetensors
      """)

  @OptionGroup var file: ConfigurationOptions

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp(
      "The run's folder: metrics, checkpoints (default: runs/ and the name of the configuration's file).",
      valueName: "DIR"),
    completion: .directory, transform: nonEmptyPath)
  var runFolder: String?

  @Option(
    help: ArgumentHelp(
      "Where to begin: auto (the folder's newest whole checkpoint, else the start), never, or a checkpoint.",
      valueName: "auto|never|CHECKPOINT"),
    completion: .directory, transform: nonEmptyPath)
  var resume = "auto"

  @Option(
    name: .customLong("init"),
    help: ArgumentHelp(
      "Safetensors file that a run which begins takes its backbone from, by torchvision's names.",
      valueName: "FILE"),
    completion: .file(extensions: ["safetensors"]), transform: nonEmptyPath)
  var initialBackbone: String?

  @Option(
    help: ArgumentHelp(
      "Mask of 'sluice prune' that a run which begins trains under: pruned weights stay zero.",
      valueName: "FILE"),
    completion: .file(extensions: ["safetensors"]), transform: nonEmptyPath)
  var mask: String?

  @Option(
    help: ArgumentHelp(
      "Rewinding point of 'sluice prune' that a run begins with; that of another configuration gives its backbone.",
      valueName: "FILE"),
    completion: .file(extensions: ["safetensors"]), transform: nonEmptyPath)
  var rewind: String?

  @OptionGroup var closedLayers: ClosedLayerOptions

  @OptionGroup var patience: PatienceOptions

  @OptionGroup var takeOver: TakeOverOptions

  @OptionGroup var progress: ProgressOptions

  @Flag(help: "Print the configuration with every key, and stop.")
  var printConfig = false

  @Flag(help: "Check everything, print what the run would do and need, and stop before anything is written.")
  var dryRun = false

  @OptionGroup var results: ResultOptions

  func validate() throws {
    for (option, value) in [("--init", initialBackbone), ("--rewind", rewind), ("--mask", mask)]
    where value != nil {
      guard case .checkpoint = resumption else { continue }
      throw ValidationError(
        "\(option) is for a run that begins, and --resume \(resume) goes on with another: give one of them.")
    }
    guard initialBackbone == nil || rewind == nil else {
      throw ValidationError("--init and --rewind both say which weights a run begins with: give one of them.")
    }
  }

  static let stopsWhenAsked = true

  func run(on communicator: Communicator) throws {
    let file = try file.load(on: communicator)
    if printConfig {
      let file = try file.readingFiles(on: communicator)
      if communicator.rank == 0 { try StandardStreams.deliver(String(file.yaml.dropLast())) }
      return
    }
    let display = ProgressDisplay(style: progress.style)
    let log = progress.log(beside: display)
    let folder = RunFolder(try runFolder ?? self.file.defaultRunFolder(on: communicator))
    patience.apply(to: communicator)
    let claim = dryRun ? nil : try folder.claim(on: communicator, force: takeOver.isForced, log: log)
    defer { claim?.release() }
    let prepared = try RunPreparation(
      file, folder: folder, resume: resumption, initialBackbone: initialBackbone,
      pruned: PrunedStart(mask: mask, rewindingPoint: rewind, allowsClosedLayers: closedLayers.areAllowed),
      communicator: communicator, log: log)
    if dryRun {
      if communicator.rank == 0, let warning = prepared.memoryWarning { log.warning("\(warning)") }
      try results.print(prepared.plan, on: communicator)
      return
    }
    guard let summary = try PretrainingRun(prepared, claim: claim, display: display).run() else { return }
    folder.writeReport(log)
    try results.print(summary, on: communicator)
  }

  private var resumption: Resume {
    switch resume {
    case "auto": .auto
    case "never": .never
    default: .checkpoint(resume)
    }
  }
}
