import ArgumentParser
import Collectives
import Configurations
import Evaluation
import Foundation
import Networks
import Training

struct MACsCommand: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "macs",
    abstract: "Counts a network's multiply-adds for one image, layer by layer, dense and at its budget.",
    usage: """
      sluice macs <CONFIG> [--set <KEY=VALUE> ...] [--json]
      sluice macs --checkpoint <CHECKPOINT> [--data <DATA>] [--set <KEY=VALUE> ...] [--json]
      """,
    discussion: """
      MACs are multiply-adds of convolutions; papers often call them FLOPs (a FLOP count is twice that). The \
      column 'budget' opens the same share of channels in every block, as many as the target allows. With --data, \
      what the gates really opened on its test images follows, block by block.

      Example:
        sluice macs configs/cifar10-simsiam.yaml --set gates.target=0.3
      """)

  @Argument(
    help: ArgumentHelp("A configuration file; see configs/.", valueName: "CONFIG"),
    completion: .configuration, transform: nonEmptyPath)
  var path: String?

  @Option(
    help: ArgumentHelp("A checkpoint instead of a configuration.", valueName: "CHECKPOINT"),
    completion: .directory, transform: nonEmptyPath)
  var checkpoint: String?

  @Option(
    help: ArgumentHelp("Images to measure a checkpoint on, for example cifar10:DIR.", valueName: "DATA"),
    completion: .dataset)
  var data: String?

  @OptionGroup var dataOptions: DataOptions

  @OptionGroup var threads: ThreadOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var setting: SettingOptions

  @OptionGroup var results: ResultOptions

  /// Side in pixels of the input where neither says it.
  private static let usualSize = 32

  func validate() throws {
    guard (path == nil) != (checkpoint == nil) else {
      throw ValidationError("Give either a configuration file or --checkpoint.")
    }
    guard data == nil || checkpoint != nil else {
      throw ValidationError("--data measures what a --checkpoint does: a configuration has no weights.")
    }
  }

  func run(on communicator: Communicator) throws {
    let configuration = try configuration(on: communicator)
    let measured = try data.flatMap { try measure(on: $0, communicator) }
    guard communicator.rank == 0 else { return }
    let report = MACsReport(
      configuration.backbone.blueprint, budget: configuration.budget, measured: measured)
    try results.print(report, on: communicator)
  }

  /// What the gates of the checkpoint open on test images; nil on other ranks than 0.
  private func measure(on data: String, _ communicator: Communicator) throws -> MeasuredMACs? {
    let subject = try EvaluatedSubject(
      checkpoint: checkpoint!, data: data, dataOptions, threads, on: communicator, quiet: progress.quiet)
    let extraction = try subject.extraction(
      keepsMasks: false, showing: progress.display(on: communicator), on: communicator)
    return try MeasuredMACs.make(extraction, MACs(subject.trained.backbone.blueprint), on: communicator)
  }

  private func configuration(on communicator: Communicator) throws -> Configuration {
    if let checkpoint {
      return try Checkpoint.open(checkpoint, on: communicator, warn: warn)
        .configuration(settings: setting.settings, imageSize: Self.usualSize)
    }
    return try ConfigurationFile(contentsOf: path!, settings: setting.settings, on: communicator)
      .resolved(imageSize: Self.usualSize, on: communicator)
  }
}
