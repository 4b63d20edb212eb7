import ArgumentParser
import Collectives
import Evaluation
import Foundations
import Training

struct Gates: RankCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows how a network's gates are used: by channel, by class, by image.",
    usage: "sluice gates --checkpoint <CHECKPOINT> --data <DATA> [<options>]",
    discussion: """
      For every gate: how many channels are open on no image, on some, on all; how much that depends on the image \
      (entropy, in bits a channel) and on its class; how often two images share a mask. --json has every channel, by class.

      Example:
        sluice gates --checkpoint runs/first/checkpoints/latest --data cifar10:DIR
      """)

  @OptionGroup var evaluated: EvaluatedOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func run(on communicator: Communicator) throws {
    let subject = try evaluated.open(on: communicator, quiet: progress.quiet)
    try communicator.agree { try subject.trained.requireGates() }
    let extraction = try subject.extraction(
      keepsMasks: true, showing: progress.display(on: communicator), on: communicator)
    let statistics = try GateStatistics.make(
      extraction, of: subject.images, subject.trained.backbone.blueprint, on: communicator)
    guard let statistics else { return }
    try results.print(GateReport(statistics), on: communicator)
  }
}
