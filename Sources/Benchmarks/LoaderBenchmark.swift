import Collectives
import Configurations
import Datasets
import Foundation
import Images
import Machine
import Progress
import Tensors
import Training

/// Which views to make; what is nil follows from the data or the machine.
public struct LoaderBenchmarkOptions: Sendable {
  public var source = "shapes"
  /// Instead of those that `data.classes` says.
  public var classList: ClassList?
  /// Texts of `--set KEY=VALUE`.
  public var settings: [String] = []
  /// Side of a view in pixels; nil: the data set's.
  public var size: Int?
  /// Threads of a rank that make views; nil: its share of the cores.
  public var threads: Int?
  /// Images of all ranks that are timed; nil: the whole data set, and at least 200.
  public var images: Int?
  /// Images of all ranks in a batch.
  public var batch: Int?

  public init() {}

  /// Every augmentation: Krishna et al.'s for ImageNet-100, and solarisation.
  static let builtIn = """
    data: {source: shapes}
    augmentation: {blur_probability: 0.5, solarize_probability: 0.1}
    """
}

/// Times the loader of training runs by itself: the views of every image, taken as soon as they are made.
/// Every rank runs the same.
public final class LoaderBenchmark {
  private static let fewestImages = 200
  private static let largestBatch = 32
  /// Images of the pass that shows where the time goes.
  private static let dissectedImages = 200

  private let options: LoaderBenchmarkOptions
  private let configuration: Configuration
  private let communicator: Communicator
  private let dataset: any ImageDataset
  private let threads: Int
  private let images: Int

  /// - Throws: The same `AgreedFailure` on every rank for what the options got wrong; `CollectiveError`.
  public init(_ options: LoaderBenchmarkOptions, communicator: Communicator) throws {
    self.options = options
    self.communicator = communicator
    let placement = try communicator.placement()
    var file = try communicator.agree {
      try ConfigurationFile(
        yaml: LoaderBenchmarkOptions.builtIn, path: "the built-in configuration", settings: options.settings)
    }
    file.replaceData(by: options.source, classes: options.classList)
    file.inputSize = options.size ?? file.inputSize
    let (written, data) = try file.opened(on: communicator)
    let dataset = data.train
    let ranks = communicator.worldSize
    let batch = options.batch ?? Self.batch(imageCount: dataset.count, ranks: ranks)
    try communicator.agree {
      guard batch >= 2, batch % ranks == 0, batch <= dataset.count else {
        throw LoaderBenchmarkError(batch: batch, images: dataset.count)
      }
    }
    var configuration = written
    configuration.batch.global = batch
    configuration.batch.shard = batch / ranks
    threads = options.threads ?? configuration.data.loaderThreads ?? placement.threads
    configuration.data.loaderThreads = threads
    self.configuration = configuration
    self.dataset = dataset
    images = (max(options.images ?? max(dataset.count, Self.fewestImages), batch) + batch - 1) / batch * batch
  }

  /// The largest batch of at most 32 images a rank that divides the data set, so that an epoch leaves none out; as
  /// many as there can be where that is a small one.
  static func batch(imageCount: Int, ranks: Int) -> Int {
    let largest = min(largestBatch, imageCount / ranks)
    let divisor = (1...max(1, largest)).last { imageCount % ($0 * ranks) == 0 } ?? 1
    return ranks * (4 * divisor >= largest ? divisor : largest)
  }

  /// Takes the views, then takes apart how some are made.
  ///
  /// - Throws: `CollectiveError`, and what the data throws.
  public func run(showing display: ProgressDisplay) throws -> LoaderBenchmarkReport {
    defer { display.finish() }
    let seconds = try loadingSeconds(showing: display)
    let breakdown = try dissect()
    let peak = try communicator.gatherEach(peakResidentMB()).compactMap(\.self)
    return LoaderBenchmarkReport(
      source: options.source, dataset: dataset.name, datasetImages: dataset.count,
      views: maker.count, augmentation: maker.augmentation, ranks: communicator.worldSize, threads: threads,
      batch: configuration.batch.global, images: images, seconds: seconds,
      breakdown: breakdown, peakMB: peak.max())
  }

  private var maker: ViewMaker { configuration.viewMaker(for: dataset) }

  /// The loader of training, which does what the configuration says.
  func makeLoader() throws -> ViewLoader {
    try configuration.makeLoader(
      for: dataset, startStep: 0, threads: threads, communicator: communicator)
  }

  /// Seconds between two arrivals with `images` images between them, on the slowest rank.
  ///
  /// A batch is taken when it is made and threads work on the earliest one, so that none is ahead when the clock
  /// starts. Before that, every image is taken once, as far as there are not more than are timed: files come from
  /// memory.
  private func loadingSeconds(showing display: ProgressDisplay) throws -> Double {
    let loader = try makeLoader()
    defer { loader.stop() }
    let batches = images / configuration.batch.global
    let warmup = max(1, min(loader.stepsPerEpoch, batches))
    let count = warmup + batches
    var begin = ContinuousClock.now
    for step in 1...count {
      _ = try loader.next()
      if step == warmup { begin = .now }
      let what =
        step > warmup ? "batch \(step - warmup)/\(count - warmup)" : "warm-up batch \(step)/\(warmup)"
      display.update(ProgressState(share: Double(step) / Double(count), secondsLeft: nil, details: [what]))
      display.line(what, isLast: step == count)
    }
    let seconds = (ContinuousClock.now - begin) / .seconds(1)
    return try communicator.largest(seconds)
  }

  /// Seconds of each part for one image: the mean over a pass of one thread, of this rank.
  private func dissect() throws -> [(part: ViewClock.Part, seconds: Double)] {
    let (clock, maker) = (ViewClock(), maker)
    let count = min(images, Self.dissectedImages)
    let reader = ImageReader(dataset, onError: configuration.data.onError)
    for number in 0..<count {
      let index = number % dataset.count
      _ = try reader.read(at: index, clock: clock) { image, _ in
        try maker.views(of: image, index: index, epoch: number / dataset.count, clock: clock)
      }
    }
    return ViewClock.Part.allCases.map { ($0, clock.seconds[$0, default: 0] / Double(count)) }
  }
}

/// A batch that the loader cannot make.
struct LoaderBenchmarkError: Error, CustomStringConvertible {
  let batch: Int
  let images: Int

  var description: String {
    "--batch must be from 2 to \(images) images, which there are, and a multiple of the ranks; it is \(batch)"
  }
}
