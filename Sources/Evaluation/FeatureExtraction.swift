import Datasets
import Layers
import Networks
import Tensors

/// A data set seen by a backbone: one feature vector an image, and which channels that took.
public struct ExtractedFeatures: Sendable {
  /// `[images × dimension]`, in the data set's order.
  public let values: [Float]
  public let dimension: Int
  public let labels: [Int]
  /// Open channels of each block, summed over all images; empty without gates.
  public let open: [Int64]

  public var images: Int { labels.count }
}

/// Backbone features of un-augmented images, in evaluation mode.
public struct FeatureExtractor {
  private let backbone: ResNet
  private let imageSize: Int
  private let shardSize: Int
  private let pool: WorkerPool
  private let reducer: any ShardReducer

  /// - Parameters:
  ///   - imageSize: Side in pixels of the network's input.
  ///   - shardSize: Images that kernels take at once; part of what decides the features' bits.
  public init(
    backbone: ResNet, imageSize: Int, shardSize: Int, pool: WorkerPool, reducer: any ShardReducer
  ) {
    self.backbone = backbone
    self.imageSize = imageSize
    self.shardSize = shardSize
    self.pool = pool
    self.reducer = reducer
  }

  /// Features of the training and the test images.
  ///
  /// - Parameter progress: As for one data set.
  public func features(
    of train: any ImageDataset, and test: any ImageDataset, progress: (Double) throws -> Void = { _ in }
  ) throws -> (train: ExtractedFeatures, test: ExtractedFeatures) {
    let trainShare = Double(train.count) / Double(train.count + test.count)
    return (
      try features(of: train) { try progress($0 * trainShare) },
      try features(of: test) { try progress(trainShare + $0 * (1 - trainShare)) }
    )
  }

  /// Features of a whole data set, on every rank; the ranks share the work, each image is seen once.
  ///
  /// - Parameter progress: Is told the share of this rank's work that is done after every few shards, equally
  ///   often on every rank; ends the extraction by throwing, on all ranks if on any.
  public func features(
    of dataset: any ImageDataset, progress: (Double) throws -> Void = { _ in }
  ) throws -> ExtractedFeatures {
    let dimension = backbone.configuration.featureCount
    let runs = (0..<reducer.worldSize).map {
      EvaluationBatches(
        dataset, imageSize: imageSize, pieceSize: shardSize, rank: $0, worldSize: reducer.worldSize)
    }
    // Ranks gather equally many rows: the longest run's.
    let longest = runs.map(\.indices.count).max() ?? 0
    let own = Tensor(zeros: longest, columns: dimension)
    let open = try extract(runs[reducer.rank], into: own, progress)

    let all = Tensor(rows: longest * reducer.worldSize, columns: dimension)
    try reducer.gather(
      UnsafeBufferPointer(start: own.pointer, count: own.count),
      into: UnsafeMutableBufferPointer(start: all.pointer, count: all.count))
    var values: [Float] = []
    values.reserveCapacity(dataset.count * dimension)
    for (rank, run) in runs.enumerated() {
      values += UnsafeBufferPointer(start: all.row(rank * longest), count: run.indices.count * dimension)
    }
    return ExtractedFeatures(
      values: values, dimension: dimension, labels: (0..<dataset.count).map(dataset.label),
      open: try reducer.sum(open))
  }

  /// What the network spent on these images.
  public func usage(of features: ExtractedFeatures) -> ChannelUsage {
    ChannelUsage(
      open: features.open, images: features.images, macs: MACs(backbone, imageSize: imageSize))
  }

  /// Fills the first rows of `features` from this rank's images; returns the open channels of each block.
  private func extract(
    _ batches: EvaluationBatches, into features: Tensor, _ progress: (Double) throws -> Void
  ) throws -> [Int64] {
    var open = [Int64](repeating: 0, count: backbone.configuration.gated ? backbone.blocks.count : 0)
    // A few shards at a time keep all threads busy in bounded memory.
    let atOnce = 4 * pool.threads
    var row = 0
    for round in 0..<(try largest((batches.count + atOnce - 1) / atOnce)) {
      let first = round * atOnce
      if first < batches.count {
        let images = try load(first..<min(first + atOnce, batches.count), of: batches)
        let pass = Pass(.evaluation, rows: images.images, shardSize: shardSize, pool: pool)
        let y = try backbone.forward(images, in: pass)
        features.row(row).update(from: y.pointer, count: y.count)
        for (block, gate) in pass.gates.enumerated() {
          open[block] += gate.openCounts.reduce(0) { $0 + Int64($1) }
        }
        row += images.images
      }
      try progress(Double(row) / Double(max(batches.indices.count, 1)))
    }
    return open
  }

  /// The largest of all ranks' numbers: they differ in images and may differ in threads.
  private func largest(_ number: Int) throws -> Int {
    var numbers = [Int64](repeating: 0, count: reducer.worldSize)
    numbers[reducer.rank] = Int64(number)
    return Int(try reducer.sum(numbers).max() ?? 0)
  }

  /// Consecutive pieces as one tensor, read on all threads.
  private func load(_ numbers: Range<Int>, of batches: EvaluationBatches) throws -> Tensor {
    var pieces = [EvaluationBatches.Piece?](repeating: nil, count: numbers.count)
    try pieces.withUnsafeMutableBufferPointer { pieces in
      nonisolated(unsafe) let pieces = pieces  // each thread fills places of its own
      try pool.run(numbers.count) { pieces[$0] = try batches.piece(numbers.lowerBound + $0) }
    }
    let loaded = pieces.compactMap(\.?.images)
    let images = Tensor(
      images: loaded.reduce(0) { $0 + $1.images }, channels: 3, height: loaded[0].height,
      width: loaded[0].width, lanes: 1)
    var row = 0
    for piece in loaded {
      images.row(row).update(from: piece.pointer, count: piece.count)
      row += piece.images
    }
    return images
  }
}
