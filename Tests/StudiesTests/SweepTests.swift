import Collectives
import Configurations
import Foundation
import Foundations
import Logging
import Progress
import TestSupport
import Testing
import Training

@testable import Studies

/// A sweep in this process, a world of one. The program's are in `CommandTests`.
@Suite(.serialized) struct SweepTests {
  /// Stands for a linear classifier, and counts.
  private final class Classifier: LinearAccuracy {
    var runs: [String] = []

    func evaluate(_ run: RunFolder) -> JSONValue? {
      runs.append(run.path)
      return .object(["top1": .number(70 + Double(runs.count))])
    }
  }

  private static func sweep(
    _ folder: URL, _ classifier: Classifier, steps: Int, targets: [Double] = [0.5, 1]
  ) throws -> SweepReport {
    let file = try ConfigurationFile(
      yaml: """
        data: {source: "shapes:16x8"}
        epochs: 5
        max_steps: \(steps)
        threads: 1
        batch: {global: 8, shard: 4}
        network: {width: 4, stem_padding: 1}
        objective: {name: simclr, simclr: {projector: [16, 8]}}
        """, path: "c.yaml")
    let sweep = try Sweep(
      SweepPlan(folder: folder.path, targets: targets, seeds: [1]), of: file, linear: classifier,
      on: .alone(), display: ProgressDisplay(style: nil),
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return try #require(try sweep.run(force: false))
  }

  /// Results of finished runs are kept in their folders; those of a checkpoint that is no longer the newest do not count.
  @Test func aLinearClassifierIsTrainedOnceForEachLastCheckpoint() throws {
    try withTemporaryFolder { folder in
      let classifier = Classifier()
      let first = try Self.sweep(folder, classifier, steps: 1, targets: [0.5])
      #expect(first.rows.map(\.linear) == [71])
      let second = try Self.sweep(folder, classifier, steps: 1)
      #expect(second.rows.map(\.linear) == [71, 72])
      #expect(
        classifier.runs == ["0.50", "1.00"].map { "\(folder.path)/target-\($0)/seed-1" })
      #expect(try Self.sweep(folder, classifier, steps: 1).json == second.json)
      #expect(classifier.runs.count == 2)
      #expect(try FoundRun(RunFolder("\(folder.path)/target-0.50/seed-1")).linear == 71)
      #expect(second.text.contains("linear in %"))
      // More steps: the same runs go on.
      let longer = try Self.sweep(folder, classifier, steps: 2)
      #expect(longer.rows.map(\.linear) == [73, 74])
    }
  }
}
