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

  @OptionGroup var evaluated: EvaluatedOptions

  @Option(help: ArgumentHelp("Neighbours that vote.", valueName: "N"))
  var k = 20

  @Option(help: "cosine weighs votes by exp(s / temperature), euclidean by 1 / distance.")
  var metric = KNearestNeighbors.Metric.cosine

  @Option(help: ArgumentHelp("Temperature of cosine votes.", valueName: "T"))
  var temperature = 0.07

  @Option(help: "What is compared: the backbone's output or the projector's.")
  var features = Features.backbone

  enum Features: String, CaseIterable, ExpressibleByArgument {
    case backbone, projector

    var layers: FeatureLayers { self == .backbone ? .backbone : .projector }
  }

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    guard k >= 1 else { throw ValidationError("--k must be at least 1, got \(k).") }
    guard temperature > 0, temperature.isFinite else {
      throw ValidationError("--temperature must be above 0, got \(temperature).")
    }
  }

  func run(on communicator: Communicator) throws {
    let subject = try evaluated.open(on: communicator, quiet: progress.quiet)
    let parts = try subject.classifiable(on: communicator)
    try subject.requireMemory(for: parts, features.layers, isGathered: false, on: communicator)
    let extractor = try subject.extractor(features.layers, on: communicator)
    let (known, asked) = try extractor.extractions(
      of: parts, features.layers, showing: progress.display(on: communicator))
    let report = try KNNReport.make(
      train: known, test: asked, parts, of: subject.data, usage: extractor.usage(of: asked),
      voting: voting, on: communicator, pool: subject.pool)
    guard let report else { return }
    for warning in subject.data.warnings + report.skipped { warn(warning) }
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
