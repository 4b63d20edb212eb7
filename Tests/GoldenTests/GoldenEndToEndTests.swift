import Collectives
import Foundation
import GoldenCases
import Layers
import TestSupport
import Testing

/// Whole training steps: every output and gradient of the first, losses, MACs and gradient norms of all that say
/// something, the final state, evaluation. However the batch is cut into shards and shared out to threads and ranks.
@Suite(
  .enabled(if: !GoldenCase.all(.endToEnd).isEmpty, "\(Golden.missing("e2e_simsiam"))"), .serialized)
struct GoldenEndToEndTests {
  struct Arrangement: Sendable, CustomStringConvertible {
    let ranks: Int
    let shardSize: Int
    let threads: Int
    var kernels = ConvolutionKernels.auto
    var description: String { "\(ranks) ranks, shards of \(shardSize), \(threads) threads, \(kernels)" }
  }

  @Test(
    arguments: GoldenCase.all(.endToEnd),
    [
      Arrangement(ranks: 1, shardSize: 8, threads: 1), Arrangement(ranks: 1, shardSize: 2, threads: 2),
      Arrangement(ranks: 1, shardSize: 1, threads: 2),
      Arrangement(ranks: 1, shardSize: 8, threads: 2, kernels: .direct),
      Arrangement(ranks: 2, shardSize: 2, threads: 1), Arrangement(ranks: 4, shardSize: 1, threads: 1),
      // Batches of 6 fit these and some of the above.
      Arrangement(ranks: 1, shardSize: 6, threads: 1), Arrangement(ranks: 2, shardSize: 3, threads: 1),
      Arrangement(ranks: 3, shardSize: 1, threads: 2),
    ])
  func goldenTrainingSteps(_ golden: GoldenCase, _ arrangement: Arrangement) throws {
    let golden = try EndToEndCase(golden)
    if let reason = golden.unsupported {
      print("\(golden) not compared: \(reason) comes with its own issue")
      return
    }
    for run in golden.runs {
      if let obstacle = run.obstacle(ranks: arrangement.ranks, shardSize: arrangement.shardSize) {
        print("\(golden)/\(run), \(arrangement) not compared: \(obstacle)")
        continue
      }
      let comparisons = try ThreadRanks(arrangement.ranks).run { rank in
        try EndToEndRunner(
          golden, run, shardSize: arrangement.shardSize, threads: arrangement.threads,
          kernels: arrangement.kernels, reducer: rank,
          makeGradients: { GradientReducer(rank, gradients: $0.gradients) }
        ).compare()
      }
      expectAll(comparisons.flatMap(\.self), "\(golden)/\(run), \(arrangement)")
    }
  }
}
