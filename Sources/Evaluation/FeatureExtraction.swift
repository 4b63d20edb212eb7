import Collectives
import Datasets
import Layers
import Networks
import Tensors

/// A data set seen by a backbone: one feature vector an image, and which channels that took.
public struct ExtractedFeatures: Sendable {
  /// `[images × dimension]`, in the data set's order.
  public let values: [Float]
  public let dimension: Int
  public let images: Int
  /// Of what was really seen: of its stand-in where an image could not be used. nil: the images have none.
  public let labels: [Int]?
  /// What gates let through of all images.
  public let gateUsage: GateUsage
  /// The images that could not be used, each once, in the data set's order.
  public let skipped: [SkippedImage]
}

/// Backbone features of un-augmented images, in evaluation mode.
public struct FeatureExtractor {
  private let backbone: any Backbone
  private let macs: MACs
  private let imageSize: Int
  private let onError: OnBadImage
  private let shardSize: Int
  private let pool: WorkerPool
  private let communicator: Communicator

  /// - Parameters:
  ///   - imageSize: Side in pixels of the network's input.
  ///   - onError: What happens where an image cannot be used.
  ///   - shardSize: Images that kernels take at once; part of what decides the features' bits.
  public init(
    backbone: any Backbone, imageSize: Int, onError: OnBadImage = .stop, shardSize: Int, pool: WorkerPool,
    communicator: Communicator
  ) {
    self.backbone = backbone
    macs = MACs(backbone.blueprint)
    self.imageSize = imageSize
    self.onError = onError
    self.shardSize = shardSize
    self.pool = pool
    self.communicator = communicator
  }

  /// Features of labelled images and of those to classify by them.
  ///
  /// - Parameter progress: As for one data set.
  public func features(
    of parts: ClassifiableParts, progress: (Double) throws -> Void = { _ in }
  ) throws -> (neighbors: ExtractedFeatures, test: ExtractedFeatures) {
    let (neighbors, test) = (parts.neighbors, parts.test)
    let share = Double(neighbors.count) / Double(neighbors.count + test.count)
    return (
      try features(of: neighbors) { try progress($0 * share) },
      try features(of: test) { try progress(share + $0 * (1 - share)) }
    )
  }

  /// Features of a whole data set, on every rank; the ranks share the work, each image is seen once.
  ///
  /// - Parameter progress: Is told the share of this rank's work that is done after every few shards, equally
  ///   often on every rank; ends the extraction by throwing, on all ranks if on any.
  /// - Throws: The same `AgreedFailure` on every rank if any could not read its images; `CollectiveError`; what
  ///   `progress` threw.
  public func features(
    of dataset: any ImageDataset, progress: (Double) throws -> Void = { _ in }
  ) throws -> ExtractedFeatures {
    let dimension = backbone.blueprint.featureCount
    let runs = (0..<communicator.worldSize).map {
      EvaluationBatches(
        dataset, onError: onError, imageSize: imageSize, pieceSize: shardSize, rank: $0,
        worldSize: communicator.worldSize)
    }
    // Ranks gather equally many rows: the longest run's.
    let longest = runs.map(\.indices.count).max() ?? 0
    let own = Tensor(zeros: longest, columns: dimension)
    let seen = try extract(runs[communicator.rank], into: own, progress)

    let all = try communicator.gather(own)
    var values: [Float] = []
    values.reserveCapacity(dataset.count * dimension)
    for (rank, run) in runs.enumerated() {
      values += UnsafeBufferPointer(start: all.row(rank * longest), count: run.indices.count * dimension)
    }
    var labels: [Int]?
    if dataset.isLabelled {
      // Every label is known to one rank, and 0 on the others.
      var own = [Int64](repeating: 0, count: dataset.count)
      own.replaceSubrange(runs[communicator.rank].indices, with: seen.labels.map(Int64.init))
      labels = try communicator.sum(own).map(Int.init)
    }
    // Whole numbers, as masks are hard in evaluation.
    let usage = try communicator.sum(seen.usage.row.map { Int64($0) }).map(Double.init)
    return ExtractedFeatures(
      values: values, dimension: dimension, images: dataset.count, labels: labels,
      gateUsage: GateUsage(row: usage[...], images: dataset.count, macs),
      skipped: try communicator.gather(seen.skipped).unique)
  }

  /// What the network spent on these images.
  public func usage(of features: ExtractedFeatures) -> ChannelUsage {
    ChannelUsage(features.gateUsage, macs: macs)
  }

  /// What this rank saw beside features.
  private struct Seen {
    var usage: GateUsage
    var labels: [Int] = []
    var skipped: [SkippedImage] = []
  }

  /// Fills the first rows of `features` from this rank's images.
  private func extract(
    _ batches: EvaluationBatches, into features: Tensor, _ progress: (Double) throws -> Void
  ) throws -> Seen {
    var seen = Seen(usage: GateUsage(macs))
    // A few shards at a time keep all threads busy in bounded memory.
    let atOnce = 4 * pool.threads
    var row = 0
    for round in 0..<(try communicator.largest((batches.count + atOnce - 1) / atOnce)) {
      let first = round * atOnce
      // A rank that cannot read an image must not leave the others waiting for its features.
      let pieces = try communicator.agree {
        first < batches.count ? try load(first..<min(first + atOnce, batches.count), of: batches) : []
      }
      if !pieces.isEmpty {
        seen.labels += pieces.flatMap { $0.labels ?? [] }
        seen.skipped += pieces.flatMap(\.skipped)
        let images = joined(pieces.map(\.images))
        let pass = Pass(.evaluation, rows: images.rows, shardSize: shardSize, pool: pool)
        let (y, gates) = try backbone.forward(images, in: pass)
        features.row(row).update(from: y.pointer, count: y.count)
        for open in gates.openByRow { seen.usage.add(open, macs) }
        row += images.rows
      }
      try progress(Double(row) / Double(max(batches.indices.count, 1)))
    }
    return seen
  }

  /// Consecutive pieces, read on all threads.
  private func load(
    _ numbers: Range<Int>, of batches: EvaluationBatches
  ) throws -> [EvaluationBatches.Piece] {
    try pool.map(numbers.count) { try batches.piece(numbers.lowerBound + $0) }
  }

  /// The images of all pieces, of which there is at least one, as one tensor.
  private func joined(_ pieces: [Tensor]) -> Tensor {
    let images = Tensor(
      rows: pieces.reduce(0) { $0 + $1.rows }, channels: 3, height: pieces[0].height,
      width: pieces[0].width, lanes: 1)
    var row = 0
    for piece in pieces {
      images.row(row).update(from: piece.pointer, count: piece.count)
      row += piece.rows
    }
    return images
  }
}
