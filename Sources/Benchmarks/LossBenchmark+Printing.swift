import Foundation
import Foundations

extension LossBenchmark.Result: Report {
  /// Bytes of the largest matrix, similarities of this rank's embeddings to all, in MB of 10⁶.
  public var largestMatrixMB: Double { 4e-6 * Double(benchmark.local) * Double(benchmark.embeddings) }

  public var json: JSONValue {
    .object([
      "loss_ms": .number(milliseconds), "sgemm_ms": .number(productMilliseconds),
      "sgemm_share": .number(productMilliseconds / milliseconds),
      "largest_matrix_mb": .number(largestMatrixMB), "added_mb": addedMB.map { .number($0) } ?? .null,
      "peak_rss_mb": peakMB.map { .number($0) } ?? .null, "loss": .number(loss),
      "local": .integer(benchmark.local), "global": .integer(benchmark.embeddings),
      "dimension": .integer(benchmark.dimension), "ranks": .integer(benchmark.ranks),
      "temperature": .number(benchmark.temperature), "threads": .integer(benchmark.threads),
      "repeats": .integer(benchmark.repeats),
    ])
  }

  public var text: String {
    func megabytes(_ value: Double?) -> String { value.map { String(format: "%.1f MB", $0) } ?? "unknown" }
    return """
      NT-Xent of \(benchmark.local) embeddings against \(benchmark.embeddings) of \(benchmark.dimension) \
      dimensions, one of \(benchmark.ranks) ranks, threads: \(benchmark.threads)
      loss and gradient: \(String(format: "%.2f ms, median of %d", milliseconds, benchmark.repeats))
      matrix products:   \(String(format: "%.2f ms, %.0f %%", productMilliseconds, 100 * productMilliseconds / milliseconds))
      largest matrix:    \(megabytes(largestMatrixMB))
      memory added:      \(megabytes(addedMB)), peak \(megabytes(peakMB))
      """
  }
}
