import ArgumentParser
import Collectives
import Datasets
import Evaluation
import Exchange
import Foundations
import Layers
import Progress
import Tensors
import Training

/// A trained network and labelled images to try it on.
struct EvaluatedOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A checkpoint: a step-… folder or 'latest'; or FILE.safetensors of 'sluice export'.",
      valueName: "CHECKPOINT"),
    completion: .file(), transform: nonEmptyPath)
  var checkpoint: String

  @Option(
    help: ArgumentHelp("The data set, for example imagenet100:DIR or shapes.", valueName: "DATA"),
    completion: .dataset)
  var data: String

  @OptionGroup var dataOptions: DataOptions

  @Option(help: "What to do about an image that cannot be used; skip uses its neighbour instead.")
  var onError = OnBadImage.stop

  @Option(
    help: "compact leaves out the channels that gates close; dense computes them too, to compare with.")
  var compute = Compute.compact

  @OptionGroup var threads: ThreadOptions

  /// Opens both; every rank calls it.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  func open(on communicator: Communicator, quiet: Bool) throws -> EvaluatedSubject {
    try EvaluatedSubject(
      checkpoint: checkpoint, data: data, dataOptions, onError: onError, compute: compute, threads,
      on: communicator, quiet: quiet)
  }
}

/// What becomes of channels that gates close.
enum Compute: String, CaseIterable, ExpressibleByArgument {
  case compact, dense
}

/// What an evaluation works with.
struct EvaluatedSubject {
  let data: DataParts
  /// What the network is tried on: the test images, or, where the data has none, those that it was trained on.
  let images: any ImageDataset
  let trained: TrainedBackbone
  let pool: WorkerPool
  private let source: String
  private let onError: OnBadImage
  private let compute: Compute

  /// - Throws: The same `AgreedFailure` on every rank.
  init(
    checkpoint: String, data source: String, _ dataOptions: DataOptions, onError: OnBadImage = .stop,
    compute: Compute = .compact, _ threads: ThreadOptions, on communicator: Communicator, quiet: Bool
  ) throws {
    self.source = source
    self.onError = onError
    self.compute = compute
    var options = try dataOptions.options(on: communicator)
    options.onError = onError
    data = try DatasetSource.open(source, options, on: communicator)
    if communicator.rank == 0, !quiet {
      for note in data.notes { StandardStreams.say("\(note)") }
    }
    images = data.test ?? data.train
    trained =
      ExportFormat(ofFile: checkpoint) == .safetensors
      ? try TrainedBackbone(exported: checkpoint, on: communicator)
      : try TrainedBackbone(
        Checkpoint.open(checkpoint, on: communicator, warn: warn), imageSize: images.imageSize,
        on: communicator)
    pool = .forKernels(threads: try threads.count(on: communicator))
  }

  /// What an evaluation by labels takes; every rank calls it.
  ///
  /// - Throws: The same `AgreedFailure` on every rank where the data cannot be classified.
  func classifiable(on communicator: Communicator) throws -> ClassifiableParts {
    try communicator.agree { try data.classifiable(source: source) }
  }

  /// - Throws: The same `AgreedFailure` on every rank where the checkpoint has no projector that is asked for.
  func extractor(_ layers: FeatureLayers = .backbone, on communicator: Communicator) throws
    -> FeatureExtractor
  {
    trained.configuration.makeExtractor(
      for: trained.backbone, projector: layers == .projector ? try trained.projector() : nil,
      onError: onError, pool: pool, communicator: communicator, skipsClosedChannels: compute == .compact)
  }

  /// Makes sure that the features of these images fit into memory; every rank calls it.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  func requireMemory(
    for parts: ClassifiableParts, _ layers: FeatureLayers, isGathered: Bool, on communicator: Communicator
  ) throws {
    let dimension = layers.dimension(
      of: trained.backbone.blueprint, projector: layers == .projector ? try trained.projector() : nil)
    try communicator.requireMemory(
      forFeaturesOf: parts.neighbors.count + parts.test.count, dimension: dimension, isGathered: isGathered)
  }

  /// What the network makes of its images, with progress and time left on `display`.
  func extraction(
    keepsMasks: Bool, showing display: ProgressDisplay, on communicator: Communicator
  ) throws -> Extraction {
    let extractor = try extractor(on: communicator)
    return try display.following("gates on \(images.count) images") { report in
      try extractor.extraction(of: images, keepsMasks: keepsMasks) { report($0) }
    }
  }
}

extension FeatureExtractor {
  /// Features of labelled images and of those to classify by them, with progress and time left on `display`.
  func extractions(
    of parts: ClassifiableParts, _ layers: FeatureLayers = .backbone, keepsMasks: Bool = false,
    showing display: ProgressDisplay
  ) throws -> (neighbors: Extraction, test: Extraction) {
    try display.following("features of \(parts.neighbors.count + parts.test.count) images") { report in
      try extractions(of: parts, layers, keepsMasks: keepsMasks) { report($0) }
    }
  }
}

extension OnBadImage: ExpressibleByArgument {}
