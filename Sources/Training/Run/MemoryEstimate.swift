import Datasets
import Foundation
import Layers
import Networks

/// What a rank is expected to take at its peak, in bytes.
///
/// Derived from the network and from what oneDNN asks for: maps that a training pass keeps and those that
/// backward works on, packed weights and partial sums of their gradients, working memory of threads,
/// parameters, batches waiting to be used, pictures held in memory; or, where that is more, evaluation's
/// share of this. Statistics, gates and shuffles are small and left out.
///
/// Measured as VmHWM on 12 runs that took 0.6 to 2.1 GB (docs/benchmarks.md), the estimate is 1 % below to 13 %
/// above it. Mostly it is too high, by up to 50 MB a thread: Winograd kernels do not touch all of what they ask for,
/// which shows on small networks (181 MB where 132 were taken).
public struct MemoryEstimate: Equatable, Sendable {
  /// In all.
  public let bytes: Double
  /// The part that grows with a rank's images in a step.
  public let batchBytes: Double

  /// The program and its libraries before a run begins, and what MPI adds: measured, with two ranks.
  private static let processBytes = 42_000_000
  private static let messagingBytes = 10_000_000
  /// Batches of views at one time: one in use, two being made ahead.
  private static let imageBatches = 3
  /// Maps of a stage that live at one time where nothing is kept for backward.
  private static let mapsInEvaluation = 5
  /// A head's layer: product and output, and their gradients.
  private static let matricesOfALayer = 4

  init(
    _ configuration: Configuration, data: DatasetPair, model: Model, imageSize: Int, ranks: Int,
    threads: Int
  ) throws {
    let network = NetworkFootprint(model.backbone, imageSize: imageSize)
    let shard = configuration.batch.shard
    let shards = configuration.batch.global / ranks / shard
    let rows = 2 * shards * shard
    let linears = model.objective.heads.flatMap(\.stages).map(\.linear)

    var batch = BlockTally()
    batch.add(Self.imageBatches, of: rows * 3 * imageSize * imageSize)
    for (floats, count) in network.trainingMaps { batch.add(count, of: rows * floats) }
    for linear in linears { batch.add(Self.matricesOfALayer, of: rows * linear.outFeatures) }
    if configuration.objective.name == .simclr { batch.add(1, of: rows * rows * ranks) }

    // Sums over shards wait for their siblings, see `Pass.sumOverShards`.
    let sums = min(shards, threads + Int(log2(Double(shards)).rounded(.up)))
    var workspace = try network.workspace(
      Convolution.Direction.allCases, rows: 2 * shard, threads: min(threads, shards), gradientSums: sums)
    for linear in linears { workspace.add(sums, of: linear.weight.count) }

    // Evaluation takes four shards a thread at a time, and gathers everybody's features.
    var evaluation = try network.workspace([.forward], rows: shard, threads: threads, gradientSums: 0)
    for floats in network.trainingMaps.keys {
      evaluation.add(Self.mapsInEvaluation, of: 4 * threads * shard * floats)
    }
    let features = (data.train.count + data.test.count) * model.backbone.configuration.featureCount
    let featureBytes = 4 * Double(features) * (2 + 1 / Double(ranks))

    // Values, gradients and velocities, and the pieces of gradients that other ranks send.
    let parameters = 4 * model.store.count * (ranks > 1 ? 4 : 3)
    let pictures = data.train.residentBytes + data.test.residentBytes
    batchBytes = batch.bytes
    bytes =
      Double(Self.processBytes + (ranks > 1 ? Self.messagingBytes : 0) + pictures + parameters)
      + max(batch.bytes + workspace.bytes, evaluation.bytes + featureBytes)
  }

  public var text: String { Self.text(bytes) }
  public var batchText: String { Self.text(batchBytes) }

  private static func text(_ bytes: Double) -> String {
    bytes < 950e6 ? String(format: "%.0f MB", bytes / 1e6) : String(format: "%.1f GB", bytes / 1e9)
  }
}
