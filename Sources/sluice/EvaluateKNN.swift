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
    help: ArgumentHelp("A checkpoint: a step-… folder or the link 'latest'.", valueName: "CHECKPOINT"),
    completion: .directory)
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

  @Option(help: "What to do about an image that cannot be used; skip: its neighbour stands in.")
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
      for note in opened.notes { FileHandle.standardError.write(Data("\(note)\n".utf8)) }
    }
    let (parts, trained) = try communicator.agree { () throws -> (ClassifiableParts, TrainedBackbone) in
      let parts = try opened.classifiable(source: data)
      return (parts, try TrainedBackbone(checkpoint: checkpoint, imageSize: parts.test.imageSize))
    }
    let extractor = FeatureExtractor(
      backbone: trained.backbone, imageSize: trained.configuration.network.inputSize, onError: onError,
      shardSize: trained.configuration.batch.shard,
      pool: .forKernels(threads: try threads.count(on: communicator)),
      communicator: communicator)
    let display = progress.display(on: communicator)
    let (known, asked) = try extractor.features(of: parts, showing: display)
    guard communicator.rank == 0 else { return }
    let result = asked.classified(
      by: known, classCount: opened.classNames.count, k: k, metric: metric, temperature: temperature
    ) {}
    let usage = extractor.usage(of: asked)
    let skipped =
      known.skipped.map { (parts.neighbors.pictureName(at: $0.index), $0.reason) }
      + asked.skipped.map { (parts.test.pictureName(at: $0.index), $0.reason) }
    let warnings =
      opened.warnings + skipped.map { "\($0) is skipped, its neighbour stands in: \($1)" }
    for warning in warnings { FileHandle.standardError.write(Data("warning: \(warning)\n".utf8)) }
    printResult(
      results.json
        ? object(result, usage, asked, opened, skipped: skipped.count).line : table(result, usage, asked))
  }

  private func object(
    _ result: KNNResult, _ usage: ChannelUsage, _ test: ExtractedFeatures, _ data: DataParts,
    skipped: Int
  ) -> JSONValue {
    .object([
      "data_notes": .list(data.notes.map(JSONValue.text)),
      "data_digest": data.digest.map(JSONValue.text) ?? .null,
      "top1": .number(result.top1), "top5": .number(result.top5), "images": .integer(test.images),
      "macs_share": .number(usage.macsShare),
      "images_skipped": .integer(skipped), "k": .integer(result.k),
      "metric": .text(metric.rawValue),
      "blocks": .list(
        usage.blocks.map {
          .object([
            "name": .text($0.name), "density": .number($0.density), "macs_share": .number($0.macsShare),
          ])
        }),
    ])
  }

  private func table(_ result: KNNResult, _ usage: ChannelUsage, _ test: ExtractedFeatures) -> String {
    let summary = String(
      format: "top-1 %.2f %%  top-5 %.2f %%  on %d images with %.2f %% of the dense network's MACs",
      result.top1, result.top5, test.images, 100 * usage.macsShare)
    let blocks = usage.blocks.map {
      String(
        format: "%@  open channels %5.1f %%  MACs %5.1f %%", $0.name, 100 * $0.density, 100 * $0.macsShare)
    }
    return ([summary] + blocks).joined(separator: "\n")
  }
}

extension KNearestNeighbors.Metric: ExpressibleByArgument {}
extension OnBadImage: ExpressibleByArgument {}
