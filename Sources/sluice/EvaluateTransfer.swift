import ArgumentParser
import Collectives
import Evaluation

struct EvaluateTransfer: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "transfer",
    abstract: "Trains a linear classifier on the features of every stage, on any data set.",
    usage: "sluice evaluate transfer --checkpoint <CHECKPOINT> --data <DATA> [<options>]",
    discussion: """
      What a stage has learned shows on images of another kind than it was trained on. Its features are the means over \
      pixels of its output. Otherwise as 'sluice evaluate linear'; the images are brought to the network's input size.

      Example:
        sluice evaluate transfer --checkpoint runs/first/checkpoints/latest \\
          --data cifar100:DIR
      """)

  @OptionGroup var evaluated: EvaluatedOptions

  @OptionGroup var linear: LinearOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func run(on communicator: Communicator) throws {
    try linear.evaluate(.stages, of: evaluated, showing: progress, printing: results, on: communicator)
  }
}
