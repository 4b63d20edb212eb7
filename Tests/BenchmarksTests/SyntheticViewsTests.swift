import Datasets
import Testing

@testable import Benchmarks

@Suite struct SyntheticViewsTests {
  /// Image by image what one rank would take, so that ranks compute the same step.
  @Test func ranksShareOneGlobalBatch() {
    func batch(rank: Int, of ranks: Int) -> ViewBatch {
      .synthetic(views: 2, size: 5, globalBatchSize: 8, shardSize: 2, rank: rank, worldSize: ranks)
    }
    let (whole, halves) = (batch(rank: 0, of: 1), (0..<2).map { batch(rank: $0, of: 2) })
    #expect(whole.indices == Array(0..<8))
    #expect(halves.flatMap(\.indices) == whole.indices)
    #expect(halves.flatMap(\.images.values) == whole.images.values)
  }

  @Test func viewsDifferAndHaveUnitVariance() {
    let values = ViewBatch.synthetic(
      views: 2, size: 32, globalBatchSize: 4, shardSize: 4, rank: 0, worldSize: 1
    )
    .images.values
    let count = Float(values.count)
    let mean = values.reduce(0, +) / count
    #expect(abs(mean) < 0.02)
    #expect(abs(values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count - 1) < 0.02)
    let rows = (0..<8).map { Array(values[$0 * 3072..<($0 + 1) * 3072]) }
    #expect(Set(rows).count == 8)
  }
}
