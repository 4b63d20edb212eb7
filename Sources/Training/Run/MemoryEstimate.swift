import Configurations
import Datasets
import Foundation
import Foundations
import Layers
import Networks

/// What a rank is expected to take at its peak, in bytes.
///
/// Derived from the network and from what oneDNN asks for: the maps of a training pass at its fullest moment, packed
/// weights, partial sums of their gradients and working memory of threads in one call, parameters, batches waiting to
/// be used, images held in memory; or, where that is more, evaluation's share of this. Statistics, gates and shuffles
/// are small and left out. Held against VmHWM in docs/benchmarks.md.
public struct MemoryEstimate: Equatable, Sendable {
  /// In all.
  public let bytes: Double
  /// The part that grows with the images that a rank takes at once.
  public let batchBytes: Double
  /// The part that weights and their gradients take before the first step.
  let weightBytes: Double

  /// The program and its libraries before a run begins, and what MPI adds: measured, with two ranks.
  private static let processBytes = 42_000_000
  private static let messagingBytes = 10_000_000
  /// Batches of views at one time: one in use, two being made ahead.
  private static let imageBatches = 3
  /// Those of an audit: another rank's, and one that is made for nothing.
  private static let auditedBatches = 2
  /// A head's layer: product and output, and their gradients.
  private static let matricesOfALayer = 4

  init(
    _ configuration: Configuration, data: DataParts, backbone: any Backbone, heads: [MLP], ranks: Int,
    threads: Int
  ) throws {
    let imageSize = configuration.network.inputSize
    let network = NetworkFootprint(backbone)
    let shard = configuration.batch.shard
    let microBatches = configuration.batch.microBatches
    let objective = configuration.objective.chosen
    let rowsPerImage = objective.rowsPerImage
    let rows = rowsPerImage * configuration.batch.global / ranks
    // Of a micro-batch.
    let shards = configuration.batch.global / ranks / shard / microBatches
    let rowsAtOnce = rowsPerImage * shards * shard
    let linears = heads.flatMap(\.stages).map(\.linear)
    let lastStep = configuration.lastStep(imageCount: data.train.count)
    let isAudited = configuration.auditInterval > 0 && lastStep >= configuration.auditInterval
    // The last checkpoint is written when the others' memory is free again.
    let isSavedWhileTraining = configuration.checkpoint.every > 0 && lastStep > configuration.checkpoint.every

    // As Double: a plan for more than any machine has must not overflow.
    let imageBatches = Self.imageBatches + (isAudited ? Self.auditedBatches : 0)
    var batch = Double(rows) * Double(imageBatches * 3 * imageSize * imageSize)
    batch += Double(rowsAtOnce) * Double(network.training(recomputes: configuration.memory.recompute))
    for linear in linears { batch += Double(Self.matricesOfALayer * linear.outFeatures) * Double(rowsAtOnce) }
    batch += objective.workingFloats(rows: rows, globalRows: rows * ranks)
    if microBatches > 1 {
      // Embeddings and their gradient, the images of a micro-batch, and the sums that wait for the next one.
      for linear in linears { batch += Double(2 * linear.outFeatures) * Double(rows) }
      batch += Double(rowsAtOnce) * Double(3 * imageSize * imageSize)
      let gradients =
        try network.packedGradients(rows: rowsPerImage * shard) + linears.reduce(0) { $0 + $1.weight.count }
      batch += Double(shards) * log2(Double(microBatches)).rounded(.up) * Double(gradients)
    }

    // Sums over shards wait for their siblings, see `Pass.sumOverShards`.
    let sums = min(shards, threads + Int(log2(Double(shards)).rounded(.up)))
    let workspace = max(
      try network.workspace(
        Convolution.Direction.allCases, rows: rowsPerImage * shard, threads: min(threads, shards),
        gradientSums: sums
      ),
      sums * (linears.map(\.weight.count).max() ?? 0))

    // Evaluation takes four shards a thread at a time, and gathers everybody's features.
    let evaluation =
      try network.workspace([.forward], rows: shard, threads: threads, gradientSums: 0)
      + 4 * threads * shard * network.evaluation
    let evaluated = [data.neighborPart, .test].compactMap { $0.flatMap { data.datasets[$0]?.count } }
    let features = evaluated.reduce(0, +) * backbone.blueprint.featureCount
    let featureBytes = 4 * Double(features) * (2 + 1 / Double(ranks))

    // Values, gradients and velocities; the pieces of gradients that other ranks send; the gradients of an audit; and in a
    // checkpoint that is being written values and velocities, and one of them encoded.
    let stored = ParameterStore.count(of: Model.parameters(backbone, heads))
    let copies = (ranks > 1 ? 4 : 3) + (isAudited ? 1 : 0) + (isSavedWhileTraining ? 3 : 0)
    let parameters = 4 * Double(stored) * Double(copies)
    let blocks = try EpochSampler(
      for: data.train, globalBatchSize: configuration.batch.global, shardSize: shard,
      seed: configuration.seed, shuffleWindow: configuration.data.shuffleWindow
    ).cacheBytes(worldSize: ranks)
    let residentBytes = data.datasets.values.reduce(blocks) { $0 + $1.residentBytes }
    // A share each; a checkpoint brings all of it together on rank 0, which then encodes it.
    let remembered = objective.rememberedFloats(imageCount: data.train.count) * (1 / Double(ranks) + 3)
    batchBytes = 4 * batch
    weightBytes = 8 * Double(stored)
    bytes =
      Double(Self.processBytes + (ranks > 1 ? Self.messagingBytes : 0) + residentBytes) + parameters + 4
      * remembered
      + max(4 * (batch + Double(workspace)), 4 * Double(evaluation) + featureBytes)
  }

  public var text: String { memoryText(bytes) }
  public var batchText: String { memoryText(batchBytes) }
}
