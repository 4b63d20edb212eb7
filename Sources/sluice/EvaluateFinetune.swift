import ArgumentParser
import Collectives
import Evaluation
import Foundations
import Progress
import Training

struct EvaluateFinetune: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "finetune",
    abstract: "Trains the whole network further with few labels, and tests it.",
    usage: "sluice evaluate finetune --checkpoint <CHECKPOINT> --data <DATA> [<options>]",
    discussion: """
      For each share of the labels, equally much of every class, training goes on from the checkpoint with a linear \
      classifier on top. Gates learn on towards the checkpoint's budget. All ranks train together; 1, 2, 4 or 8 of them \
      give the same result. Batches have up to 256 images.

      Example:
        sluice evaluate finetune --checkpoint runs/first/checkpoints/latest \\
          --data cifar10:DIR --labels 1,10 --seeds 1,2,3
      """)

  @OptionGroup var evaluated: EvaluatedOptions

  @Option(
    help: ArgumentHelp("Shares of the training images' labels, in percent.", valueName: "LIST"),
    transform: ShareList.init)
  var labels = ShareList([1, 10, 100])

  @Option(
    help: ArgumentHelp(
      "Epochs of training (default: 30, or 60 for 1 % of the labels and less).", valueName: "N"))
  var epochs: Int?

  @Option(
    help: ArgumentHelp("The first step's, for a batch of 256; in proportion for others.", valueName: "RATE"))
  var learningRate = 0.05

  @Option(
    help: ArgumentHelp(
      "Seeds, for example 1,2,3: the mean over them is reported, and how they spread.", valueName: "LIST"),
    transform: SeedList.init)
  var seeds = SeedList([0])

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    try requireOption("--epochs", epochs, in: 1...100_000)
    guard learningRate > 0, learningRate.isFinite else {
      throw ValidationError("--learning-rate must be a number above 0, got \(learningRate).")
    }
  }

  static let stopsWhenAsked = true

  func run(on communicator: Communicator) throws {
    let subject = try evaluated.open(on: communicator, quiet: progress.quiet)
    let finetuning = Finetuning(
      FinetuneSettings(
        shares: labels.values, epochs: epochs, learningRate: learningRate, seeds: seeds.values),
      of: subject.trained, on: subject.data, try subject.classifiable(on: communicator),
      onError: evaluated.onError, pool: subject.pool, communicator: communicator)
    let trainings = labels.values.count * seeds.values.count
    let report = try progress.display(on: communicator).following(
      "fine-tuning, \(counted(trainings, "training"))"
    ) { report in try finetuning.run { report($0) } }
    guard let report else { return }
    for warning in subject.data.warnings + report.skipped { warn(warning) }
    try results.print(report, on: communicator)
  }
}

/// Shares of labels as a person lists them.
struct ShareList {
  /// Ascending.
  let values: [LabelShare]

  init(_ percents: [Double]) { values = percents.sorted().map(LabelShare.init) }

  /// - Throws: `ValidationError`.
  init(_ text: String) throws {
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    let percents = words.compactMap { Double($0) }.filter { $0 > 0 && $0 <= 100 }
    guard percents.count == words.count, Set(percents).count == percents.count else {
      throw ValidationError(
        "it must be different numbers above 0 and up to 100 with commas between them, for example 1,10,100")
    }
    self.init(percents)
  }
}
