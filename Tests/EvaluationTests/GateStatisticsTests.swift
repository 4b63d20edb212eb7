import Collectives
import Foundation
import Networks
import TestSupport
import Testing

@testable import Evaluation

@Suite struct GateStatisticsTests {
  @Test func entropyIsOneBitWhereChannelsAreOpenOnHalf() {
    #expect(GateStatistics.entropy([5, 5], of: 10) == 1)
    #expect(GateStatistics.entropy([0, 10], of: 10) == 0)
    #expect(abs(GateStatistics.entropy([0, 5], of: 10) - 0.5) < 1e-12)
    #expect(GateStatistics.entropy([0], of: 0) == 0)
  }

  @Test func repetitionCountsPairs() {
    #expect(GateStatistics.repetition([1, 1, 1, 1]) == (1, 1))
    #expect(GateStatistics.repetition([1, 2, 3]) == (0, 3))
    // Of six pairs one is equal.
    let (shared, distinct) = GateStatistics.repetition([7, 8, 7, 9])
    #expect(abs(shared - 1 / 6) < 1e-12 && distinct == 3)
    #expect(GateStatistics.repetition([5]) == (0, 1))
  }

  /// Two gates of 3 and 70 channels: the second has two words.
  @Test func channelsAreCountedByClass() {
    let decisions = GateDecisions(
      channels: [3, 70], open: [1, 2, 2, 1],
      masks: [0b010, 1, 1 << 5, 0b011, 0, 1 << 5])
    #expect(decisions.images == 2)
    let counts = ChannelCounts(decisions, labels: [1, 0], classCount: 2)
    #expect(counts.open(ofGate: 0) == [1, 2, 0])
    #expect(counts.open(ofGate: 1).enumerated().filter { $0.element > 0 }.map(\.offset) == [0, 69])
    #expect(counts.open(ofGate: 1)[69] == 2)
    #expect(counts.openByClass(ofGate: 0) == [[1, 1, 0], [0, 1, 0]])
    #expect(counts.openByClass(ofGate: 1)[1][0] == 1)
    let prints = decisions.fingerprints
    #expect(prints.count == 2 * 3 && prints[0] != prints[3] && prints[2] != prints[5])
  }

  /// Each rank saw other images, one of them none.
  @Test func ranksCountOpenChannelsTogether() throws {
    let masks: [[UInt64]] = [[0b010, 1, 1 << 5, 0b011, 0, 1 << 5], [], [0b100, 0, 0]]
    let counts = try ThreadRanks(3).run { communicator in
      let decisions = GateDecisions(
        channels: [3, 70], open: Array(repeating: 0, count: masks[communicator.rank].count / 3 * 2),
        masks: masks[communicator.rank])
      let open = try decisions.openImages(on: communicator)
      let images = try [[[1], []], [[], [69]], [[2], [0]], [[], []]].map {
        try decisions.images(opening: $0, on: communicator)
      }
      return [open[0], open[1].indices.filter { open[1][$0] > 0 }, images]
    }
    #expect(counts == Array(repeating: [[1, 2, 1], [0, 69], [2, 2, 2, 0]], count: 3))
  }

  @Test func percentilesAreInterpolated() {
    let spread = MeasuredMACs.Spread((0...100).reversed().map(Double.init))
    #expect(spread.mean == 50)
    #expect(abs(spread.low - 5) < 1e-12 && abs(spread.high - 95) < 1e-12)
    #expect(abs(MeasuredMACs.Spread([0, 10]).low - 0.5) < 1e-12)
  }
}
