import Configurations
import Foundation
import Layers
import Networks
import Tensors
import Training

/// Times every distinct convolution of a network with each algorithm that may compute it.
public struct KernelBenchmark {
  private let configuration: Configuration
  private let threads: Int

  private static let repetitions = 7
  /// Side in pixels of the views where nothing says it.
  private static let usualImageSize = 32

  /// - Parameters:
  ///   - path: A configuration file; nil: ResNet-18 with padding 1 in its stem.
  ///   - settings: Texts of `--set KEY=VALUE`.
  ///   - size: Height and width of the views in pixels; nil: as configured, else 32.
  ///   - batch: Images in a step of one rank, which shards are no larger than; nil: as configured.
  ///   - threads: That compute the same at one time, each on its own memory.
  /// - Throws: `ConfigurationError`.
  public init(path: String?, settings: [String], size: Int?, batch: Int?, threads: Int) throws {
    // What is measured does not depend on what was measured before.
    let settings = settings + ["kernels=auto"]
    var file =
      try path.map { try ConfigurationFile(contentsOf: $0, settings: settings) }
      ?? TrainingBenchmarkOptions.builtInFile(settings)
    file.inputSize = size ?? file.inputSize
    var configuration = try file.resolved(imageSize: Self.usualImageSize)
    if let conflict = configuration.processorConflict { throw conflict }
    if let batch { configuration.batch.shard = min(configuration.batch.shard, batch) }
    self.configuration = configuration
    self.threads = threads
  }

  /// - Throws: `LayerError.convolution` where oneDNN has no kernel for a shape.
  public func run() throws -> KernelReport {
    let imageSize = configuration.network.inputSize
    let network = ResNet(configuration.resNet)
    let pool = WorkerPool.forKernels(threads: threads)
    let rows = configuration.objective.chosen.views * configuration.batch.shard
    var entries: [KernelReport.Entry] = []
    for place in network.convolutions(imageSize: imageSize) {
      let shape = place.convolution.shape(rows: rows, height: place.inputSize, width: place.inputSize)
      if let known = entries.firstIndex(where: { $0.shape == shape }) {
        entries[known].count += 1
        continue
      }
      var entry = KernelReport.Entry(shape: shape, count: 1, directions: [])
      for direction in Convolution.Direction.allCases
      where !(direction == .backwardData && place.takesImages) {
        entry.directions.append(try time(place, shape, direction, on: pool))
      }
      entries.append(entry)
      BufferPool.drainAll()
    }
    return KernelReport(
      entries: entries, imageSize: imageSize, threads: threads, precision: configuration.precision)
  }

  private func time(
    _ place: ResNet.PlacedConvolution, _ shape: ConvolutionShape, _ direction: Convolution.Direction,
    on pool: WorkerPool
  ) throws -> KernelReport.Entry.Timed {
    let lanes = Pass.preferredLanes
    let kernels = configuration.resNet.kernels
    let inLanes = place.takesImages ? 1 : lanes
    var seconds: [ConvolutionAlgorithm: Double] = [:]
    for algorithm in ConvolutionAlgorithm.allCases
    where algorithm.isAvailable && (algorithm != .bf16 || configuration.precision == .bf16)
      && algorithm.fits(shape, blockedBy: inLanes)
    {
      let plan = try ConvolutionPlan(shape, direction, algorithm, inLanes: inLanes, lanes: lanes)
      guard plan.algorithm == algorithm else { continue }
      let timings = try (0..<threads).map { _ in
        try KernelTiming(shape, direction, plan, takesImages: place.takesImages)
      }
      let medians = UnsafeMutableBufferPointer<Double>.allocate(capacity: threads)
      defer { medians.deallocate() }
      try pool.run(threads) { medians[$0] = try timings[$0].seconds(repetitions: Self.repetitions) }
      seconds[algorithm] = medians.max()
    }
    return .init(
      direction: direction, seconds: seconds,
      chosen: kernels.algorithm(for: shape, direction, blockedBy: inLanes))
  }
}
