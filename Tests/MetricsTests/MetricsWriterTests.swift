import Foundation
import Foundations
import TestSupport
import Testing

@testable import Metrics

@Suite struct MetricsWriterTests {
  static func metrics(step: Int) -> TrainingMetrics {
    TrainingMetrics(
      step: step, epoch: 1, loss: 0.1 + 0.2, objective: 1e-12, budget: .nan, bound: 0, macsShare: 0.5,
      density: [0.25, 1 / 3], learningRate: 0.003, imagesPerSecond: 100,
      timestamp: 1_700_000_000.125)
  }

  static func evaluation(step: Int, gates: [GateChannels] = []) -> EvaluationMetrics {
    EvaluationMetrics(
      step: step, epoch: 1, timestamp: 1_700_000_001,
      result: .object([
        "top1": .number(40.1), "images": .integer(2000), "metric": .text("cosine"),
        "density": .list([.number(0.5), .number(1)]),
      ]), gates: gates)
  }

  @Test func aLineHasThePromisedKeysAndRoundTrips() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/metrics.jsonl"
      let writer = try MetricsWriter(path: path, resumedStep: nil)
      try writer.write(.training(Self.metrics(step: 7)))
      try writer.write(.evaluation(Self.evaluation(step: 7)))
      let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
      #expect(
        lines == [
          #"{"step": 7, "epoch": 1, "loss": 0.30000000000000004, "objective": 1e-12, "budget": null, "#
            + #""bound": 0.0, "macs_share": 0.5, "latency_ms": null, "density": [0.25, 0.3333333333333333], "#
            + #""learning_rate": 0.003, "images_per_s": 100.0, "#
            + #""data_wait_share": 0.0, "communication_share": 0.0, "seconds": null, "images_skipped": 0, "#
            + #""embedding_std": null, "effective_rank": null, "timestamp": 1700000000.125}"#,
          #"{"step": 7, "epoch": 1, "evaluation": {"top1": 40.1, "images": 2000, "metric": "cosine", "#
            + #""density": [0.5, 1.0]}, "probe": null, "classifier": null, "timestamp": 1700000001.0}"#,
        ])
      struct Line: Decodable { let loss: Double }
      #expect(try JSONDecoder().decode(Line.self, from: Data(lines[0].utf8)).loss == 0.1 + 0.2)
    }
  }

  /// Lines after the checkpoint's step are written again; a line cut short by a crash is no line.
  @Test func resumingDropsLaterAndBrokenLines() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/metrics.jsonl"
      let first = try MetricsWriter(path: path, resumedStep: nil)
      for step in 1...4 { try first.write(.training(Self.metrics(step: step))) }
      try first.write(.evaluation(Self.evaluation(step: 4)))
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data(#"{"step": 1, "epo"#.utf8))

      let resumed = try MetricsWriter(path: path, resumedStep: 2)
      #expect(resumed.kept.map(\.step) == [1, 2] && !resumed.kept.contains(where: \.isEvaluation))
      try resumed.write(.training(Self.metrics(step: 3)))
      let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
      #expect(lines == [1, 2, 3].map { Self.metrics(step: $0).json.line })

      _ = try MetricsWriter(path: path, resumedStep: nil)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)).isEmpty)
    }
  }

  @Test func saysThatItCannotWrite() {
    let error = #expect(throws: UnwritableFile.self) {
      try MetricsWriter(path: "/no/such/metrics.jsonl", resumedStep: nil)
    }
    #expect(error.map { "\($0)".hasPrefix("/no/such/metrics.jsonl: cannot be written: ") } == true)
  }

  @Test func textIsEscaped() throws {
    let text = "\"\\\n\u{1}é"
    let line = JSONValue.object(["a": .list([.text(text), .flag(true), .null])]).line
    let read = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: [Any]]
    #expect(read?["a"]?.first as? String == text)
  }
}
