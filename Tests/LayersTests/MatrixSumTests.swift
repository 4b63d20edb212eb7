import GoldenCases
import Layers
import Tensors
import TestSupport
import Testing

@Suite struct MatrixSumTests {
  /// A contribution of each of eight shards of the global batch.
  private static let shards = (0..<8).map { shard in
    var numbers = TestNumbers(seed: 300 + UInt64(shard))
    return numbers.normals(5 * 7)
  }

  private static func sum(ranks: Int, threads: Int) throws -> [[Float]] {
    try ThreadRanks(ranks).run { rank in
      let own = shards.count / ranks
      let pass = Pass(
        .training, rows: 2 * own, views: 2, shardSize: 1, pool: .forKernels(threads: threads), reducer: rank)
      return try pass.sumOverBatch(rows: 5, columns: 7) { shard in
        Tensor(rows: 5, columns: 7, shards[rank.rank * own + shard])
      }.values
    }
  }

  @Test func isTheSum() throws {
    let found = try Self.sum(ranks: 1, threads: 1)[0]
    for (place, value) in found.enumerated() {
      let expected = Self.shards.reduce(0.0) { $0 + Double($1[place]) }
      #expect(abs(Double(value) - expected) < 1e-5)
    }
  }

  @Test func ranksAndThreadsChangeNoBit() throws {
    let reference = try Self.sum(ranks: 1, threads: 1)[0]
    // That the order of addition shows at all.
    let inTurn = (0..<35).map { place in Self.shards.reduce(Float(0)) { $0 + $1[place] } }
    #expect(inTurn != reference)
    for (ranks, threads) in [(1, 2), (2, 1), (4, 2), (8, 1)] {
      for found in try Self.sum(ranks: ranks, threads: threads) {
        #expect(found == reference, "\(ranks) ranks, \(threads) threads")
      }
    }
  }
}
