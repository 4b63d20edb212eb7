import Collectives
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
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  public init(
    path: String?, settings: [String], size: Int?, batch: Int?, threads: Int,
    on communicator: Communicator
  ) throws {
    // What is measured does not depend on what was measured before.
    let settings = settings + ["kernels=auto"]
    var file = try TrainingBenchmarkOptions.file(path, settings, on: communicator)
    file.inputSize = size ?? file.inputSize
    var configuration = try file.resolved(imageSize: Self.usualImageSize, on: communicator)
    try communicator.agree { if let conflict = configuration.processorConflict { throw conflict } }
    if let batch { configuration.batch.shard = min(configuration.batch.shard, batch) }
    self.configuration = configuration
    self.threads = threads
  }

  /// For example `ResNet-18 of width 64`.
  public var network: String { configuration.network.title }

  /// - Throws: `LayerError.convolution` where no backend has a kernel for a shape.
  public func run() throws -> KernelReport {
    let imageSize = configuration.network.inputSize
    let blueprint = configuration.backbone.blueprint
    let pool = WorkerPool.forKernels(threads: threads)
    let rows = configuration.objective.chosen.rowsPerImage * configuration.batch.shard
    var entries: [KernelReport.Entry] = []
    for site in blueprint.sites {
      var shape = site.shape
      shape.rows = rows
      if let known = entries.firstIndex(where: { $0.shape == shape }) {
        entries[known].count += 1
        continue
      }
      var entry = KernelReport.Entry(shape: shape, count: 1, directions: [])
      for direction in Convolution.Direction.allCases
      where !(direction == .backwardData && site.takesImages) {
        let problem = ConvolutionProblem(
          shape, direction, inLanes: site.takesImages ? 1 : Pass.preferredLanes)
        entry.directions.append(try time(problem, on: pool))
      }
      entries.append(entry)
      BufferPool.drainAll()
    }
    return KernelReport(
      entries: entries, imageSize: imageSize, threads: threads, precision: configuration.precision)
  }

  private func time(_ problem: ConvolutionProblem, on pool: WorkerPool) throws -> KernelReport.Entry.Timed {
    let kernels = configuration.backbone.kernels
    let direct = ConvolutionKernels(.direct, backends: kernels.backends)
    var times: [KernelReport.Entry.Time] = []
    for algorithm in kernels.candidates(for: problem) {
      // A shape may lack an algorithm that usually fits.
      guard let kernel = try? kernels.makeKernel(algorithm, problem) else { continue }
      let timings = try (0..<threads).map { _ in try KernelTiming(kernel, problem) }
      let medians = try pool.map(threads) { try timings[$0].seconds(repetitions: Self.repetitions) }
      times.append(.init(algorithm: algorithm, seconds: medians.max() ?? 0))
    }
    guard let chosen = kernels.algorithm(for: problem), let direct = direct.algorithm(for: problem) else {
      throw LayerError.convolution(what: "\(problem)", reason: "no backend has an algorithm")
    }
    return .init(direction: problem.direction, times: times, direct: direct, chosen: chosen)
  }
}
