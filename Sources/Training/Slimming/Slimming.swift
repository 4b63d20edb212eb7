import Collectives
import Datasets
import Evaluation
import Networks
import Progress
import Pruning
import Tensors

/// Leaves out the channels that a network's gates open on few images of a data set or on none, and measures what that
/// changes.
public struct Slimming {
  /// Without these channels, and without those that pruning made superfluous.
  public let network: ExportedNetwork
  /// nil on other ranks than 0.
  public let report: SlimmingReport?

  /// Counts on the images that test images are compared with, and measures on these. Every rank calls it, and has the same
  /// network.
  ///
  /// - Parameters:
  ///   - trained: The same checkpoint's backbone: both networks are measured with its kernels, shards and precision.
  ///   - share: Of the images on which a channel has to be open to stay; on one at least.
  ///   - parts: Of `data`.
  ///   - display: Where progress and time left are shown.
  /// - Throws: The same `AgreedFailure` on every rank, with `NothingToCompact` where no channel goes; `CollectiveError`.
  public init(
    _ whole: ExportedNetwork, _ trained: TrainedBackbone, openOn share: Double, _ parts: ClassifiableParts,
    of data: DataParts, on communicator: Communicator, pool: WorkerPool, showing display: ProgressDisplay
  ) throws {
    /// What a network makes of the data.
    func outcome(_ backbone: any Backbone, _ title: String, keepsMasks: Bool = false) throws -> (
      neighbors: GateDecisions, test: GateDecisions, knn: KNNReport?
    ) {
      let extractor = trained.configuration.makeExtractor(
        for: backbone, onError: .stop, pool: pool, communicator: communicator)
      func extraction(_ images: any ImageDataset, _ part: DataPart) throws -> Extraction {
        try display.following("\(title): features of \(images.count) \(part.rawValue) images") { report in
          try extractor.extraction(of: images, keepsMasks: keepsMasks) { report($0) }
        }
      }
      let neighbors = try extraction(parts.neighbors, parts.neighborPart)
      let test = try extraction(parts.test, .test)
      let knn = try KNNReport.make(
        train: neighbors, test: test, parts, of: data, usage: extractor.usage(of: test), on: communicator,
        pool: pool)
      return (neighbors.gates, test.gates, knn)
    }

    let before = try outcome(trained.backbone, "all channels", keepsMasks: true)
    let rare = RareChannels(
      among: Compaction(of: whole.backbone).gateChannels,
      openImages: try before.neighbors.openImages(on: communicator), of: parts.neighbors.count, below: share)
    let criterion = SlimmingReport.Criterion(
      share: share, images: parts.neighbors.count, part: parts.neighborPart)
    let network = try communicator.agree {
      guard let network = whole.compacted(closing: rare) else {
        throw NothingToCompact.openEnough(checkpoint: whole.path, criterion)
      }
      return network
    }
    let after = try outcome(network.backbone(computedBy: trained.kernels), "fewer channels")
    let affected = try (
      neighbors: before.neighbors.images(opening: rare.channels, on: communicator),
      test: before.test.images(opening: rare.channels, on: communicator)
    )
    self.network = network
    guard let knn = before.knn, let slimKNN = after.knn else {
      report = nil
      return
    }
    report = SlimmingReport(
      criterion: criterion, before: .init(whole.backbone.blueprint, knn),
      after: .init(network.backbone.blueprint, slimKNN), rareChannels: rare.count,
      affectedImages: affected.neighbors, affectedTestImages: affected.test)
  }
}
