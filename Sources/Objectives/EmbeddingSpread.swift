import COpenBLAS
import Foundation
import Foundations
import Tensors

/// How far apart the projections of different images are: what shows a collapse before the loss does.
///
/// Measured on one view of a fixed subset of the global batch, equal on each rank: the first images of every
/// shard, about `sampleSize` in all.
public struct EmbeddingSpread: Equatable, Sendable {
  /// The standard deviation (divided by n) of each component of z / ‖z‖₂, averaged over the d components, times
  /// √d: 0 if all images are alike, at most 1, which is reached where every direction is as likely as any other.
  ///
  /// Source: Chen & He, "Exploring Simple Siamese Representation Learning" (2021), Fig. 2, which plots it without
  /// the factor.
  public let standardDeviation: Double
  /// The exponential of the entropy (in nats) of the eigenvalues of the covariance of z / ‖z‖₂, divided by their
  /// sum: k for equal variance along k directions, at most min(n − 1, d), 0 if nothing varies.
  ///
  /// Source: Roy & Vetterli, "The effective rank: A measure of effective dimensionality" (2007), Eq. 2 and 3.
  public let effectiveRank: Double

  /// How many images the measures are taken on, if the batch has so many.
  public static let sampleSize = 256

  /// - Parameters:
  ///   - z: Projections `[rows, D]`, rows as in `layout`.
  ///   - reducer: All ranks take part.
  public init(_ z: Tensor, _ layout: RowLayout, over reducer: any ShardReducer) throws {
    let dimension = z.channels
    let perShard = min(layout.shardSize, max(1, Self.sampleSize / (layout.shards * reducer.worldSize)))
    let own = Tensor(rows: layout.shards * perShard, columns: dimension)
    for shard in 0..<layout.shards {
      let first = layout.rows(ofShard: shard, view: 0).lowerBound
      own.copyRows(first..<first + perShard, of: z, to: shard * perShard)
    }
    let all = try reducer.gather(own)
    // More shards than wanted images: some of them.
    let stride = (all.rows + Self.sampleSize - 1) / Self.sampleSize
    let values = all.values
    let rows = Swift.stride(from: 0, to: all.rows, by: stride).map { row in
      values[row * dimension..<(row + 1) * dimension].map(Double.init)
    }
    self.init(rows)
  }

  /// - Parameter rows: n vectors of d numbers, of any length: normalised here. A zero stays zero.
  init(_ rows: [[Double]]) {
    let dimension = rows.first?.count ?? 0
    var units = rows.flatMap { row in
      let norm = max(row.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12)
      return row.map { $0 / norm }
    }
    var deviations = 0.0
    for column in 0..<dimension {
      let places = stride(from: column, to: units.count, by: dimension)
      let mean = places.reduce(0.0) { $0 + units[$1] } / Double(rows.count)
      for place in places { units[place] -= mean }
      deviations += (places.reduce(0.0) { $0 + units[$1] * units[$1] } / Double(rows.count)).squareRoot()
    }
    standardDeviation = dimension == 0 ? 0 : deviations / Double(dimension).squareRoot()
    effectiveRank = Self.effectiveRank(ofCentred: units, rows: rows.count, columns: dimension)
  }

  /// From the eigenvalues of XᵀX or XXᵀ, whichever is smaller: those that are not 0 are the same.
  private static func effectiveRank(ofCentred x: [Double], rows: Int, columns: Int) -> Double {
    let isTall = rows > columns
    let size = min(rows, columns)
    guard size > 0 else { return 0 }
    var products = [Double](repeating: 0, count: size * size)
    openblas_dgemm(
      isTall ? 1 : 0, isTall ? 0 : 1, Int32(size), Int32(size), Int32(max(rows, columns)), 1 / Double(rows),
      x,
      Int32(columns), x, Int32(columns), 0, &products, Int32(size))
    guard products.allSatisfy(\.isFinite) else { return .nan }
    var eigenvalues = [Double](repeating: 0, count: size)
    let status = openblas_dsyev(Int32(size), &products, &eigenvalues)
    if Int(status) == OPENBLAS_OUT_OF_MEMORY {
      Emergency.end("out of memory: there is none for the eigenvalues of a \(size)×\(size) matrix")
    }
    guard status == 0 else { return .nan }
    let total = eigenvalues.reduce(0) { $0 + max($1, 0) }
    // Projections are single precision: what varies less than that rounds is the same.
    guard total > 1e-12 else { return 0 }
    let entropy = eigenvalues.reduce(0.0) { sum, value in
      let share = max(value, 0) / total
      return share > 0 ? sum - share * log(share) : sum
    }
    return exp(entropy)
  }
}
