import Foundation
import Metrics
import Testing

@testable import Training

/// A line every ten steps.
@Suite struct CollapseWatchTests {
  typealias Measures = (std: Double, rank: Double)

  /// The steps at which a watch warns, by measure.
  static func alarms(
    _ measures: [Measures], warmupSteps: Int = 200
  ) -> (std: [Int], rank: [Int]) {
    var watch = CollapseWatch(advice: "patience", warmupSteps: warmupSteps)
    var found: (std: [Int], rank: [Int]) = ([], [])
    for (index, (std, rank)) in measures.enumerated() {
      let step = 10 * (index + 1)
      for warning in watch.observe(step: step, embeddingStd: std, effectiveRank: rank) {
        if warning.contains("embedding_std") { found.std.append(step) } else { found.rank.append(step) }
      }
    }
    return found
  }

  static let healthy = (std: 0.9, rank: 40.0)

  @Test func aHealthyRunIsNotDisturbed() {
    // From the low start of an untrained network to a level that varies.
    let start = (0..<15).map { (line: Int) -> Measures in
      (std: 0.02 + 0.05 * Double(line), rank: 1.2 + 2 * Double(line))
    }
    let later = (0..<200).map { (line: Int) -> Measures in
      (std: line % 7 == 0 ? 0.5 : 0.9, rank: line % 5 == 0 ? 15 : 45)
    }
    #expect(Self.alarms(start + later) == ([], []))
  }

  @Test func aCollapseIsToldOnceForEachMeasure() {
    let lines =
      Array(repeating: Self.healthy, count: 30) + Array(repeating: (std: 0.01, rank: 1.1), count: 50)
    // Low from step 310 on: three of the last six lines at step 330.
    #expect(Self.alarms(lines) == ([330], [330]))
    let rankOnly =
      Array(repeating: Self.healthy, count: 30) + Array(repeating: (std: 0.9, rank: 1.1), count: 50)
    #expect(Self.alarms(rankOnly) == ([], [330]))
    // A level that is low has lines that are not.
    let noisy = (0..<50).map { (line: Int) -> Measures in (std: 0.9, rank: line % 3 == 0 ? 2.2 : 1.7) }
    #expect(Self.alarms(Array(repeating: Self.healthy, count: 30) + noisy).rank.count == 1)
  }

  /// In warm-up what was good before is told as well.
  @Test func aCollapseInWarmUpIsTold() {
    let lines = Array(repeating: Self.healthy, count: 6) + Array(repeating: (std: 0.01, rank: 1.1), count: 50)
    #expect(Self.alarms(lines, warmupSteps: 2000) == ([90], [90]))
  }

  @Test func aSlowFallIsToldWhenAShareOfTheBestIsLeft() {
    let lines = (0..<200).map { (line: Int) -> Measures in (std: 0.9, rank: 100 - 0.5 * Double(line)) }
    let alarms = Self.alarms(lines, warmupSteps: 0).rank
    // A tenth of the first level, that of steps 10 to 60: 98.5.
    #expect(alarms.count == 1 && alarms.allSatisfy { abs($0 - 1830) <= 30 }, "\(alarms)")
  }

  /// An untrained SimSiam network starts with a rank that training lowers for good.
  @Test func theLevelInWarmUpIsNoMeasure() {
    let lines =
      Array(repeating: (std: 0.98, rank: 100.0), count: 20)
      + Array(repeating: (std: 0.97, rank: 8), count: 99)
    #expect(Self.alarms(lines, warmupSteps: 300) == ([], []))
    #expect(Self.alarms(lines, warmupSteps: 50).rank.count == 1)
  }

  @Test func aFewLowLinesAreNoFall() {
    let dip = Array(repeating: (std: 0.01, rank: 1.0), count: 2)
    let lines = (0..<20).flatMap { _ in Array(repeating: Self.healthy, count: 5) + dip }
    #expect(Self.alarms(lines) == ([], []))
  }

  /// What never was good is told when warm-up is over; a number that is none is not good.
  @Test func aRunThatNeverRisesIsToldAfterWarmUp() {
    #expect(Self.alarms(Array(repeating: (std: 0.01, rank: 1), count: 100)) == ([210], [210]))
    #expect(Self.alarms(Array(repeating: (std: .nan, rank: .nan), count: 100)) == ([210], [210]))
  }

  /// Lines that are far apart need to be as many, lines that are close need to cover as many steps.
  @Test(arguments: [(1, 51), (100, 500)]) func linesAndStepsBothCount(interval: Int, alarm: Int) {
    var fall = FallDetector(floor: 1, shareOfBest: 0.2, warmupSteps: 0)
    let found = (1...200).filter { fall.observe(0, step: $0 * interval) != nil }
    #expect(found.map { $0 * interval } == [alarm])
  }

  @Test func aRunThatGoesOnRemembers() throws {
    /// The first step of which a run warns that goes on after `before` good and then `low` lines.
    func alarm(before: Int, low: Int) throws -> Int? {
      let history = try (1...before + low).map { line in
        let rank = line <= before ? 40 : 1
        let text = #"{"step": \#(10 * line), "embedding_std": 0.9, "effective_rank": \#(rank)}"#
        return try JSONDecoder().decode(MetricsWriter.KeptLine.self, from: Data(text.utf8))
      }
      var watch = CollapseWatch(advice: "patience", warmupSteps: 0, history: history)
      return (before + low + 1...100).first {
        !watch.observe(step: 10 * $0, embeddingStd: 0.9, effectiveRank: 1).isEmpty
      }.map { 10 * $0 }
    }
    #expect(try alarm(before: 10, low: 1) == 130, "as if nothing had interrupted it")
    #expect(try alarm(before: 10, low: 8) == nil, "it was said before")
  }
}
