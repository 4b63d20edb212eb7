import COpenBLAS
import Foundation
import Layers
import Machine
import Objectives
import Tensors

/// Times NT-Xent, and takes its memory, as one rank of many meets it: its own embeddings against everybody's.
///
/// The other ranks are imagined: their embeddings are random numbers, and so are this rank's.
public struct LossBenchmark: Sendable {
  /// Embeddings of all ranks: two for each image of the global batch.
  public let embeddings: Int
  public let dimension: Int
  public let ranks: Int
  public let temperature: Double
  public let threads: Int
  public let repeats: Int

  /// Embeddings of one rank.
  public var local: Int { embeddings / ranks }

  /// - Throws: `LossBenchmarkError` where the numbers do not fit together, or not into memory.
  public init(
    embeddings: Int, dimension: Int, ranks: Int, temperature: Double, threads: Int, repeats: Int
  ) throws(LossBenchmarkError) {
    for (name, value, allowed) in [
      ("embeddings", embeddings, 2...Int(Int32.max)), ("dimension", dimension, 2...Int(Int32.max)),
      ("ranks", ranks, 1...Int(Int32.max)), ("threads", threads, 1...1024),
      ("repeats", repeats, 1...1_000_000),
    ] where !allowed.contains(value) {
      throw .outside(name, value, allowed)
    }
    guard temperature >= NTXent.smallestTemperature, temperature.isFinite else {
      throw .temperature(temperature)
    }
    guard embeddings % (2 * ranks) == 0 else { throw .noPairs(embeddings: embeddings, ranks: ranks) }
    let local = embeddings / ranks
    // Similarities; embeddings as the other ranks have them and as gathered; this rank's four times.
    let bytes =
      4 * (Double(local) * Double(embeddings) + Double(dimension) * Double(2 * embeddings + 4 * local))
    let memory = Double(ProcessInfo.processInfo.physicalMemory)
    guard bytes < memory else { throw .tooLarge(bytes: bytes, memory: memory) }
    self.embeddings = embeddings
    self.dimension = dimension
    self.ranks = ranks
    self.temperature = temperature
    self.threads = threads
    self.repeats = repeats
  }

  /// What was measured.
  public struct Result: Sendable {
    public let benchmark: LossBenchmark
    /// This rank's mean, in nats.
    public let loss: Double
    /// Median of forward and gradient together.
    public let milliseconds: Double
    /// Median of the two matrix products among them, measured apart.
    public let productMilliseconds: Double
    /// What the first of them added to the process's peak memory, in MB of 10⁶ bytes; nil where the system does
    /// not tell.
    public let addedMB: Double?
    public let peakMB: Double?
  }

  /// Takes `repeats` losses and gradients after a first one, which is not counted.
  public func run() throws -> Result {
    let z = Self.normals(rows: local, columns: dimension, index: 0)
    let world = ImaginedRanks(ranks, rows: Self.normals(rows: embeddings, columns: dimension, index: 1))
    let shardSize = Self.shardSize(images: local / 2)
    let pass = Pass(
      .training, rows: local, views: 2, shardSize: shardSize, pool: .forKernels(threads: threads),
      reducer: world)
    let objective = NTXent(temperature: temperature)

    let peakBefore = peakResidentMB()
    let loss = try objective.lossAndGradient(z, in: pass).loss
    let peak = peakResidentMB()
    let times = try (0..<repeats).map { _ in
      try milliseconds { _ = try objective.lossAndGradient(z, in: pass) }
    }
    return Result(
      benchmark: self, loss: loss, milliseconds: median(times),
      productMilliseconds: try productTime(z, world.rows, in: pass),
      addedMB: peak.flatMap { after in peakBefore.map { after - $0 } }, peakMB: peak)
  }

  /// Similarities, and the gradient from their coefficients.
  private func productTime(_ z: Tensor, _ all: Tensor, in pass: Pass) throws -> Double {
    let similarity = Tensor(zeros: local, columns: embeddings)
    let dz = z.makeSimilar()
    let (columns, dimension) = (Int32(embeddings), Int32(dimension))
    return median(
      try (0..<repeats).map { _ in
        try milliseconds {
          try pass.forEachShard { shard in
            let rows = pass.rows(ofShard: shard)
            let (first, count) = (rows.lowerBound, Int32(rows.count))
            openblas_sgemm(
              0, 1, count, columns, dimension, 1, z.row(first), dimension, all.pointer, dimension, 0,
              similarity.row(first), columns)
            openblas_sgemm(
              0, 0, count, dimension, columns, 1, similarity.row(first), columns, all.pointer, dimension, 0,
              dz.row(first), dimension)
          }
        }
      })
  }

  private func milliseconds(_ body: () throws -> Void) rethrows -> Double {
    let begin = ContinuousClock.now
    try body()
    return (ContinuousClock.now - begin) / .milliseconds(1)
  }

  /// The largest shard of at most 32 images (the default of `batch.shard`) that divides a rank's share.
  private static func shardSize(images: Int) -> Int {
    (1...min(32, images)).last { images % $0 == 0 }!
  }

  /// Random directions.
  private static func normals(rows: Int, columns: Int, index: Int) -> Tensor {
    let draws = RandomDraws(seed: 0, purpose: .test, index: index)
    let tensor = Tensor(rows: rows, columns: columns)
    for i in 0..<tensor.count { tensor.pointer[i] = draws.normal(i) }
    return tensor
  }
}

/// Why a loss cannot be timed.
public enum LossBenchmarkError: Error, Equatable, CustomStringConvertible {
  case outside(String, Int, ClosedRange<Int>)
  case temperature(Double)
  case noPairs(embeddings: Int, ranks: Int)
  case tooLarge(bytes: Double, memory: Double)

  public var description: String {
    switch self {
    case .outside(let name, let value, let allowed):
      return "--\(name) must be from \(allowed.lowerBound) to \(allowed.upperBound), got \(value)."
    case .temperature(let value):
      return "--temperature must be at least \(NTXent.smallestTemperature), got \(value)."
    case .noPairs(let embeddings, let ranks):
      let pairs = max(1, embeddings / (2 * ranks))
      return "--embeddings \(embeddings) cannot be dealt out in pairs to --ranks \(ranks): "
        + "use --embeddings \(2 * ranks * pairs)."
    case .tooLarge(let bytes, let memory):
      return String(
        format: "One rank's similarities and everybody's embeddings take %.1f GB, this machine has %.1f GB: "
          + "use more --ranks or fewer --embeddings.", bytes / 1e9, memory / 1e9)
    }
  }
}

/// The world as rank 0 of many sees it. The others bring random unit rows, and otherwise what this rank brings.
private final class ImaginedRanks: ShardReducer {
  let worldSize: Int
  var rank: Int { 0 }
  /// Unit rows of all ranks.
  let rows: Tensor

  init(_ worldSize: Int, rows: Tensor) {
    self.worldSize = worldSize
    self.rows = rows
    for row in 0..<rows.rows {
      let values = UnsafeMutableBufferPointer(start: rows.row(row), count: rows.channels)
      let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for j in values.indices { values[j] /= norm }
    }
  }

  func sum(_ rows: [Double], leaves: Int, width: Int) throws -> [Double] {
    ShardTree.sum(rows, leaves: leaves, width: width).map { $0 * Double(worldSize) }
  }

  func sum(_ counts: [Int64]) throws -> [Int64] { counts.map { $0 * Int64(worldSize) } }

  func gather(_ own: Tensor) throws -> Tensor {
    let all = Tensor(rows: own.rows * worldSize, columns: own.channels)
    all.pointer.update(from: own.pointer, count: own.count)
    for first in stride(from: own.count, to: all.count, by: own.count) {
      let brought = all.count == rows.count ? rows.pointer + first : own.pointer
      (all.pointer + first).update(from: brought, count: own.count)
    }
    return all
  }
}
