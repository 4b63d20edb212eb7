import ArgumentParser
import Collectives
import Datasets
import Evaluation
import Foundation
import Foundations
import Layers
import Progress
import Training

struct EvaluateKNN: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "knn",
    abstract: "Classifies test images by the nearest training images, without any training.",
    usage: "sluice evaluate knn --checkpoint <CHECKPOINT> --data <DATA> [<options>]",
    discussion: """
      The paper's own protocol is --k 1 --metric euclidean.

      Example:
        sluice evaluate knn --checkpoint runs/first/checkpoints/latest \\
          --data cifar10:DIR
      """)

  @Option(
    help: ArgumentHelp("A checkpoint: a step-… folder or 'latest'.", valueName: "CHECKPOINT"),
    completion: .directory, transform: nonEmptyPath)
  var checkpoint: String

  @Option(
    help: ArgumentHelp("The data set, for example imagenet100:DIR or shapes.", valueName: "DATA"),
    completion: .dataset)
  var data: String

  @OptionGroup var dataOptions: DataOptions

  @Option(help: ArgumentHelp("Neighbours that vote.", valueName: "N"))
  var k = 20

  @Option(help: "cosine weighs votes by exp(s / temperature), euclidean by 1 / distance.")
  var metric = KNearestNeighbors.Metric.cosine

  @Option(help: ArgumentHelp("Temperature of cosine votes.", valueName: "T"))
  var temperature = 0.07

  @Option(help: "What to do about an image that cannot be used; skip uses its neighbour instead.")
  var onError = OnBadImage.stop

  @OptionGroup var threads: ThreadOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    guard k >= 1 else { throw ValidationError("--k must be at least 1, got \(k).") }
    guard temperature > 0, temperature.isFinite else {
      throw ValidationError("--temperature must be above 0, got \(temperature).")
    }
  }

  func run(on communicator: Communicator) throws {
    var options = try dataOptions.options(on: communicator)
    options.onError = onError
    let opened = try DatasetSource.open(data, options, on: communicator)
    if communicator.rank == 0, !progress.quiet {
      for note in opened.notes { StandardStreams.say("\(note)") }
    }
    let parts = try communicator.agree { try opened.classifiable(source: data) }
    let trained = try TrainedBackbone(
      Checkpoint.open(checkpoint, on: communicator, warn: warn), imageSize: parts.test.imageSize,
      on: communicator)
    let extractor = FeatureExtractor(
      backbone: trained.backbone, imageSize: trained.configuration.network.inputSize, onError: onError,
      shardSize: trained.configuration.batch.shard,
      pool: .forKernels(threads: try threads.count(on: communicator)),
      communicator: communicator)
    let display = progress.display(on: communicator)
    let (known, asked) = try extractor.features(of: parts, showing: display)
    let report = try communicator.onRoot { _ in
      try KNNReport(
        train: known, test: asked, parts, of: opened, usage: extractor.usage(of: asked), voting: voting)
    }
    guard let report else { return }
    for warning in opened.warnings + report.skipped {
      warn(warning)
    }
    try results.print(report, on: communicator)
  }

  private var voting: KNNVoting {
    var voting = KNNVoting()
    voting.k = k
    voting.metric = metric
    voting.temperature = temperature
    return voting
  }
}

extension KNearestNeighbors.Metric: ExpressibleByArgument {}
extension OnBadImage: ExpressibleByArgument {}
