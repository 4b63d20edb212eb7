import Collectives
import Configurations
import Objectives
import Training

/// Which training steps to time; what is nil stays as the configuration says.
public struct TrainingBenchmarkOptions: Sendable {
  /// A configuration file; nil: `builtIn`.
  public var path: String?
  /// Texts of `--set KEY=VALUE`.
  public var settings: [String] = []
  /// Height and width of the views in pixels.
  public var size: Int?
  /// Images of all ranks in a step.
  public var batch: Int?
  /// Threads of a rank.
  public var threads: Int?
  public var objective: ObjectiveKind?
  /// Whether gates are left out.
  public var isDense = false
  /// Whether closed channels are multiplied like open ones: the same bits, in more time.
  public var multipliesClosed = false
  /// Steps that are timed, at least 1, and those before them that are not.
  public var steps = 10
  public var warmup = 2
  /// Whether batches come from the configuration's data and its loader, as in a real run.
  public var usesLoader = false

  public init() {}

  /// The network, objective and optimizer of `configs/cifar10-simclr.yaml`, with the stem that fits the size.
  static let builtIn = """
    data: {source: shapes}
    network: {stem_padding: 1}
    objective: {name: simclr, simclr: {temperature: 0.2, projector: [2048, 256]}}
    optimizer: {name: lars, learning_rate: 0.4, learning_rate_scaling: linear, weight_decay: 1e-4}
    schedule: {unit: step}
    """
  /// Without a file or `--batch`: what a step takes a second or two for on one core.
  private static let (smallImageBatch, largeImageBatch) = (64, 16)
  /// Shards of large images are small, so that the maps of one fit the caches.
  private static let largeImageShard = 8
  private static let smallestLargeImage = 96

  static func builtInFile(_ settings: [String] = []) throws -> ConfigurationFile {
    try ConfigurationFile(yaml: builtIn, path: "the built-in configuration", settings: settings)
  }

  /// The configuration at `path`, as rank 0 reads it, or the one that is built in.
  ///
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  static func file(
    _ path: String?, _ settings: [String], on communicator: Communicator
  ) throws -> ConfigurationFile {
    guard let path else { return try communicator.agree { try builtInFile(settings) } }
    return try ConfigurationFile(contentsOf: path, settings: settings, on: communicator)
  }

  /// The configuration's file, with the size of the views laid over it.
  ///
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  public func file(on communicator: Communicator) throws -> ConfigurationFile {
    var file = try Self.file(path, settings, on: communicator)
    file.inputSize = size ?? file.inputSize
    return file
  }

  /// The configuration of the steps to time: what `file` resolves to, with the other options laid over it.
  ///
  /// Where the file does not decide the batch, `batch.shard` follows it (`shardSize`), unless it was set.
  ///
  /// - Parameter coresOfARank: The threads of a rank where nothing names them; the same on every rank.
  public func applied(
    to configuration: Configuration, ranks: Int, coresOfARank: Int
  ) -> Configuration {
    var configuration = configuration
    if isDense { configuration.gates.enabled = false }
    if let objective { configuration.objective.name = objective }
    if let threads { configuration.threads = threads }
    let isLarge = configuration.network.inputSize >= Self.smallestLargeImage
    if let batch {
      configuration.batch.global = batch
    } else if path == nil, !isSet("batch.global") {
      configuration.batch.global = isLarge ? Self.largeImageBatch : Self.smallImageBatch
    }
    if path == nil || batch != nil || size != nil, !isSet("batch.shard") {
      let largest = configuration.batch.shard
      configuration.batch.shard = Self.shardSize(
        batch: configuration.batch.global, pieces: ranks * (configuration.threads ?? coresOfARank),
        largest: isLarge ? min(largest, Self.largeImageShard) : largest)
    }
    return configuration
  }

  private func isSet(_ key: String) -> Bool { settings.contains { $0.hasPrefix(key + "=") } }

  /// The largest shard of at most `largest` images that gives each of `pieces` threads equally many shards,
  /// a power of two if possible: then other power-of-two numbers of ranks give the same bits (contract C1).
  ///
  /// 1 where the batch cannot be dealt out evenly.
  static func shardSize(batch: Int, pieces: Int, largest: Int) -> Int {
    guard batch % pieces == 0 else { return 1 }
    let share = batch / pieces
    let divisors = (1...min(share, largest)).filter { share % $0 == 0 }
    return divisors.last { (share / $0).nonzeroBitCount == 1 } ?? divisors.last ?? 1
  }
}
