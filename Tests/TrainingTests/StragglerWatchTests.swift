import Metrics
import Testing

@testable import Training

/// Which ranks are said to keep others waiting, and what is recorded of all.
@Suite struct StragglerWatchTests {
  private func times(_ work: Double, data: Double = 0) -> StragglerWatch.Times {
    StragglerWatch.Times(work: work, data: data, wait: 1)
  }

  @Test func aRankAFifthSlowerOverAHundredStepsIsNamed() {
    var watch = StragglerWatch(hosts: ["a", "b", "c", "d"])
    let steps = [times(50), times(50), times(61, data: 10), times(49)]
    #expect(watch.add(steps, steps: 50, upTo: 50) == nil)
    let found = watch.add(steps, steps: 50, upTo: 100)
    #expect(
      found?.sentences == [
        "rank 2 on c keeps the others waiting: its own work took 1220 ms a step over the last 100 steps, "
          + "22 % more than the median rank's 1000 ms (200 ms of it waiting for images)",
        "milliseconds a step, slowest first: rank 2 on c: work 1220, of it images 200; collectives 20 | "
          + "rank 0 on a: work 1000, of it images 0; collectives 20 | "
          + "rank 1 on b: work 1000, of it images 0; collectives 20 | "
          + "rank 3 on d: work 980, of it images 0; collectives 20",
      ])
    #expect(
      found?.record
        == RankTimesRecord(
          step: 100, steps: 100,
          ranks: [("a", 1, 0), ("b", 1, 0), ("c", 1.22, 0.2), ("d", 0.98, 0)].map {
            .init(host: $0.0, work: $0.1, data: $0.2, wait: 0.02)
          }))
  }

  @Test func lessThanAFifthIsUsual() {
    var watch = StragglerWatch(hosts: ["a", "b"])
    #expect(watch.add([times(100), times(119)], steps: 100, upTo: 100)?.sentences == [])
    #expect(watch.add([times(100), times(121)], steps: 100, upTo: 200)?.sentences.count == 2)
  }

  /// Once, until it was as fast as the others.
  @Test func whatGoesOnIsToldOnce() {
    var watch = StragglerWatch(hosts: ["a", "b"])
    let (slow, equal) = ([times(200), times(100)], [times(100), times(100)])
    #expect(watch.add(slow, steps: 100, upTo: 100)?.sentences.first?.hasPrefix("rank 0 on a ") == true)
    #expect(watch.add(slow, steps: 100, upTo: 200)?.sentences == [])
    #expect(watch.add(equal, steps: 100, upTo: 300)?.sentences == [])
    #expect(watch.add(slow, steps: 100, upTo: 400)?.sentences.isEmpty == false)
  }

  /// Few steps are too few to warn of a rank.
  @Test func theLastStepsAreRecordedHoweverFew() {
    var watch = StragglerWatch(hosts: ["a", "b"])
    #expect(watch.add([times(100), times(100)], steps: 100, upTo: 100)?.record.steps == 100)
    let found = watch.add([times(2), times(8)], steps: 4, upTo: 104, isLast: true)
    #expect(found?.sentences == [])
    #expect(found?.record.step == 104 && found?.record.steps == 4)
    #expect(found?.record.ranks.map(\.work) == [0.5, 2] && found?.record.slowRanks == [1])
  }
}
