import Collectives
import Datasets
import Layers
import Networks
import Tensors

/// Features of un-augmented images, in evaluation mode, from a network whose weights stay as they are.
public struct FeatureExtractor {
  private let backbone: any Backbone
  private let projector: MLP?
  public let macs: MACs
  private let imageSize: Int
  let onError: OnBadImage
  let shardSize: Int
  private let pool: WorkerPool
  private let communicator: Communicator
  let skipsClosedChannels: Bool
  private let packedWeights = PackedWeights()

  /// - Parameters:
  ///   - projector: Needed where its features are asked for.
  ///   - imageSize: Side in pixels of the network's input.
  ///   - onError: What happens where an image cannot be used.
  ///   - shardSize: Images that kernels take at once; part of what decides the features' bits.
  ///   - skipsClosedChannels: Whether channels that gates close are left out, or computed and set to zero.
  public init(
    backbone: any Backbone, projector: MLP? = nil, imageSize: Int, onError: OnBadImage = .stop,
    shardSize: Int,
    pool: WorkerPool, communicator: Communicator, skipsClosedChannels: Bool = true
  ) {
    self.backbone = backbone
    self.projector = projector
    macs = MACs(backbone.blueprint)
    self.imageSize = imageSize
    self.onError = onError
    self.shardSize = shardSize
    self.pool = pool
    self.communicator = communicator
    self.skipsClosedChannels = skipsClosedChannels
  }

  var blueprint: Blueprint { backbone.blueprint }

  /// A few shards at a time keep all threads of this rank busy in bounded memory.
  private var shardsAtOnce: Int { 4 * pool.threads }
  /// As many images.
  var imagesAtOnce: Int { shardsAtOnce * shardSize }

  /// Features of labelled images and of those to classify by them.
  ///
  /// - Parameters: As for one data set; masks are kept of the test images.
  public func extractions(
    of parts: ClassifiableParts, _ layers: FeatureLayers = .backbone, keepsMasks: Bool = false,
    progress: (Double) throws -> Void = { _ in }
  ) throws -> (neighbors: Extraction, test: Extraction) {
    let (neighbors, test) = (parts.neighbors, parts.test)
    let share = Double(neighbors.count) / Double(neighbors.count + test.count)
    return (
      try extraction(of: neighbors, layers) { try progress($0 * share) },
      try extraction(of: test, layers, keepsMasks: keepsMasks) { try progress(share + $0 * (1 - share)) }
    )
  }

  /// Features of a data set; the ranks share the work, each image is seen once.
  ///
  /// - Parameters:
  ///   - images: Those that are asked for, whole shards of the data set; nil: all.
  ///   - keepsMasks: Whether the result knows which channels were open, not only how many.
  ///   - progress: Is told the share of this rank's work that is done after every few shards, equally often on every
  ///     rank; ends the extraction by throwing, on all ranks if on any.
  /// - Throws: The same `AgreedFailure` on every rank if any could not read its images; `CollectiveError`; what
  ///   `progress` threw.
  public func extraction(
    of dataset: any ImageDataset, images: Range<Int>? = nil, _ layers: FeatureLayers = .backbone,
    keepsMasks: Bool = false, progress: (Double) throws -> Void = { _ in }
  ) throws -> Extraction {
    let runs = (0..<communicator.worldSize).map {
      EvaluationBatches(
        dataset, images: images, onError: onError, imageSize: imageSize, pieceSize: shardSize, rank: $0,
        worldSize: communicator.worldSize)
    }
    let batches = runs[communicator.rank]
    var result = Extraction(
      layers: self.layers(layers, rows: batches.indices.count), shares: runs.map(\.indices),
      labels: dataset.isLabelled ? [] : nil,
      gates: GateDecisions(channels: macs.channels, keepsMasks: keepsMasks), usage: GateUsage(macs))
    let atOnce = shardsAtOnce
    var row = 0
    for round in 0..<(try communicator.largest((batches.count + atOnce - 1) / atOnce)) {
      let first = round * atOnce
      // A rank that cannot read an image must not leave the others waiting for its features.
      let pieces = try communicator.agree {
        first < batches.count ? try load(first..<min(first + atOnce, batches.count), of: batches) : []
      }
      if !pieces.isEmpty {
        result.shown += pieces.flatMap(\.shown)
        result.labels?.append(contentsOf: pieces.flatMap { $0.labels ?? [] })
        result.skipped += pieces.flatMap(\.skipped)
        row += try add(joined(pieces.map(\.images)), layers, to: &result)
      }
      try progress(Double(row) / Double(max(batches.indices.count, 1)))
    }
    for image in 0..<result.gates.images {
      result.usage.add(result.gates.open(ofImage: image).map(Double.init), macs)
    }
    // Whole numbers, as masks are hard in evaluation.
    let usage = try communicator.sum(result.usage.row.map { Int64($0) }).map(Double.init)
    result.usage = GateUsage(row: usage[...], images: result.images, macs)
    result.skipped = result.skipped.unique
    return result
  }

  /// What the network spent on these images.
  public func usage(of extraction: Extraction) -> ChannelUsage { ChannelUsage(extraction.usage, macs: macs) }

  /// Adds what the network makes of some images, and returns how many they are.
  private func add(_ images: Tensor, _ layers: FeatureLayers, to result: inout Extraction) throws -> Int {
    let surroundings = Surroundings(
      pool: pool, skipsClosedChannels: skipsClosedChannels, packedWeights: packedWeights)
    let pass = Pass(
      .evaluation, RowLayout(images: images.rows, views: 1, shardSize: shardSize), in: surroundings)
    var outputs: [Tensor] = []
    let stages = backbone.blueprint.stages
    let (features, records) = try backbone.forward(images, in: pass) { block, means in
      if layers == .stages, stages.contains(where: { $0.blocks.upperBound == block + 1 }) {
        outputs.append(means)
      }
    }
    switch layers {
    case .backbone: outputs = [features]
    case .projector:
      guard let projector else { preconditionFailure("an extractor without projector") }
      outputs = [try projector.forward(features, in: pass)]
    case .stages: break
    }
    for (index, output) in outputs.enumerated() {
      result.layers[index].features.values += UnsafeBufferPointer(start: output.pointer, count: output.count)
    }
    result.gates.append(records)
    return images.rows
  }

  /// Those that are asked for, without rows but with room for as many.
  private func layers(_ layers: FeatureLayers, rows: Int) -> [Extraction.Layer] {
    func layer(_ name: String, _ dimension: Int) -> Extraction.Layer {
      var features = FeatureMatrix([], dimension: dimension)
      features.values.reserveCapacity(rows * dimension)
      return Extraction.Layer(name: name, features: features)
    }
    return switch layers {
    case .backbone: [layer("backbone", backbone.blueprint.featureCount)]
    case .projector: [layer("projector", projector?.outFeatures ?? 1)]
    case .stages: backbone.blueprint.stages.map { layer($0.name, $0.channels) }
    }
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
