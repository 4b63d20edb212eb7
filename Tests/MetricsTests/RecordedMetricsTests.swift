import Foundation
import Foundations
import TestSupport
import Testing

@testable import Metrics

/// Files of metrics, read by somebody else than their run.
@Suite struct RecordedMetricsTests {
  private static let evaluation = #"{"step": 2, "epoch": 0, "evaluation": {"top1": 40.5, "macs_share": 0.5}}"#

  private static func line(_ step: Int) -> String { MetricsWriterTests.metrics(step: step).json.line }

  private static func read(_ text: String) throws -> (whole: RecordedMetrics, latest: LatestMetrics) {
    try withTemporaryFolder { folder in
      let path = folder.path + "/metrics.jsonl"
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      return (RecordedMetrics(contentsOf: path), try LatestMetrics(endOf: path, piece: 100, limit: 100_000))
    }
  }

  @Test func whatIsWrittenReadsBack() throws {
    let (whole, latest) = try Self.read(
      [Self.line(1), Self.evaluation, Self.line(2), ""].joined(separator: "\n"))
    #expect(whole.gap == nil)
    #expect(whole.training.map(\.json.line) == [1, 2].map(Self.line))
    #expect(whole.training[0].budget.isNaN, "null is what is not finite")
    #expect(whole.evaluations.map(\.step) == [2])
    #expect(whole.evaluations[0].top1 == 40.5 && whole.evaluations[0].macsShare == 0.5)
    #expect(latest.training?.step == 2 && latest.evaluation == whole.evaluations[0])
  }

  /// Cut at any byte, as a crash, a full disk or a look at the wrong moment may have it.
  @Test func aFileThatIsCutGivesItsWholeLines() throws {
    let text = [Self.line(1), Self.evaluation, Self.line(3)].joined(separator: "\n")
    let ends = [
      Self.line(1).utf8.count, Self.line(1).utf8.count + 1 + Self.evaluation.utf8.count, text.utf8.count,
    ]
    for count in stride(from: 0, through: text.utf8.count, by: 7) {
      let (whole, latest) = try Self.read(String(decoding: text.utf8.prefix(count), as: UTF8.self))
      #expect(whole.training.count + whole.evaluations.count == ends.filter { $0 <= count }.count, "\(count)")
      let isAtAnEnd = ends.contains { count == $0 || count == $0 + 1 }
      #expect((whole.gap == nil) == isAtAnEnd, "\(count): \(whole.gap ?? "")")
      #expect(latest.training?.step == whole.training.last?.step)
      #expect(latest.evaluation == whole.evaluations.last)
    }
  }

  @Test func saysWhatIsMissing() throws {
    let none = RecordedMetrics(contentsOf: "/no/metrics.jsonl")
    #expect(none.gap == "/no/metrics.jsonl: there is no such file, so no step has been recorded")
    #expect(try Self.read("").whole.gap?.hasSuffix("it is empty, so no step has been recorded") == true)
    let cut = try Self.read(Self.line(1) + "\n" + #"{"step": 2, "#).whole
    #expect(
      cut.gap?.hasSuffix("the last line is incomplete, as while it is written or after a crash") == true)
    let spoiled = try Self.read(["x", Self.line(1), "[]", Self.line(2), "{"].joined(separator: "\n")).whole
    #expect(
      spoiled.gap?.hasSuffix("2 lines cannot be read, the first is line 1; the last line is incomplete")
        == true)
    #expect(spoiled.training.map(\.step) == [1, 2])
  }

  /// Opening it would wait for a writer.
  @Test func aPipeIsNotWaitedFor() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/metrics.jsonl"
      try #require(mkfifo(path, 0o600) == 0)
      #expect(RecordedMetrics(contentsOf: path).gap == "\(path): cannot be read: it is not a regular file")
    }
  }

  /// Numbers that no run has, which nothing can be added to, are as good as damage.
  @Test(arguments: ["9223372036854775807", "-9223372036854775808", "-1", "2000000000"])
  func linesWithoutARealStepAreNotRead(number: String) throws {
    for line in [Self.line(1), Self.evaluation] {
      for key in ["step", "epoch"] {
        let spoiled = line.replacing(try Regex(#""\#(key)": \d+"#), with: #""\#(key)": \#(number)"#)
        try #require(spoiled != line)
        let (whole, latest) = try Self.read(spoiled + "\n")
        #expect(whole.gap?.contains("1 line cannot be read") == true)
        #expect(latest.training == nil && latest.evaluation == nil)
      }
    }
  }

  /// Runs did not always record all of it.
  @Test func linesOfOlderVersionsAreRead() throws {
    let old =
      #"{"step": 4, "epoch": 0, "loss": 1, "objective": 1, "budget": 0, "bound": 0, "macs_share": 0.5, "#
      + #""density": [], "learning_rate": 0.1, "images_per_s": 20}"#
    let metrics = try #require(try Self.read(old).whole.training.first)
    #expect(metrics.dataWaitShare == 0 && metrics.imagesSkipped == 0 && metrics.embeddingStd == nil)
  }

  /// The newest evaluation may be many lines back; there is an end to looking for it.
  @Test func theEndIsReadUntilThereIsOneOfEach() throws {
    let lines = [Self.evaluation] + (3...60).map(Self.line)
    let latest = try Self.read(lines.joined(separator: "\n")).latest
    #expect(latest.training?.step == 60 && latest.evaluation?.step == 2)
    try withTemporaryFolder { folder in
      let path = folder.path + "/metrics.jsonl"
      try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
      let short = try LatestMetrics(endOf: path, piece: 1000, limit: 2000)
      #expect(short.training?.step == 60 && short.evaluation == nil)
    }
  }
}
