import ArgumentParser
import Collectives
import Evaluation
import Foundations
import Progress
import Training

struct EvaluateLinear: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "linear",
    abstract: "Trains a linear classifier on frozen features, and tests it.",
    usage: "sluice evaluate linear --checkpoint <CHECKPOINT> --data <DATA> [<options>]",
    discussion: """
      Every image is seen by the network once, without augmentation; all ranks share that, rank 0 trains on the \
      features. The setting is chosen on a tenth of the training images: the decay of a logistic regression (lbfgs), or \
      the learning rate of the papers' protocol (sgd: momentum 0.9, batches of 256, the rate cut at 60 % and 80 % of the \
      epochs).

      Example:
        sluice evaluate linear --checkpoint runs/first/checkpoints/latest \\
          --data cifar10:DIR
      """)

  @OptionGroup var evaluated: EvaluatedOptions

  @OptionGroup var linear: LinearOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func run(on communicator: Communicator) throws {
    try linear.evaluate(
      .backbone, of: evaluated, showing: progress, printing: results, on: communicator)
  }
}
