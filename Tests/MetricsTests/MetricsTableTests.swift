import Foundation
import Foundations
import TestSupport
import Testing

@testable import Metrics

@Suite struct MetricsTableTests {
  static let gates = ["layer1.0", "layer2.0"]

  static func rows(_ path: String) throws -> [[String]] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  @Test func everyRowHasEveryColumn() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/metrics.csv"
      let table = try MetricsTable(path: path, gates: Self.gates, resumedStep: nil)
      try table.write(.training(MetricsWriterTests.metrics(step: 7)))
      try table.write(.evaluation(MetricsWriterTests.evaluation(step: 7)))
      let rows = try Self.rows(path)
      #expect(rows[0].prefix(2) == ["step", "timestamp"] && rows.allSatisfy { $0.count == rows[0].count })
      let (training, evaluation) = (
        Dictionary(uniqueKeysWithValues: zip(rows[0], rows[1])),
        Dictionary(uniqueKeysWithValues: zip(rows[0], rows[2]))
      )
      #expect(training["timestamp"] == "1700000000.125" && training["loss"] == "0.30000000000000004")
      #expect(training["density/layer2.0"] == "0.3333333333333333" && training["images_per_s"] == "100")
      #expect(training["budget"] == "" && training["embedding_std"] == "", "not finite, not measured")
      #expect(training["evaluation/top1"] == "" && evaluation["loss"] == "")
      #expect(evaluation["evaluation/top1"] == "40.1" && evaluation["evaluation/density/layer2.0"] == "1")
      #expect(evaluation["step"] == "7" && evaluation["timestamp"] == "1700000001.000")
    }
  }

  @Test func everyNumberOfALineHasAColumn() throws {
    guard case .object(let fields) = MetricsWriterTests.metrics(step: 1).json else { return }
    let columns = MetricsTable.columns(gates: Self.gates)
    #expect(fields.map(\.key).filter { $0 != "density" }.allSatisfy(columns.contains))
    #expect(Set(columns).count == columns.count)
  }

  /// As in `metrics.jsonl`.
  @Test func resumingDropsLaterAndBrokenRows() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/metrics.csv"
      let first = try MetricsTable(path: path, gates: Self.gates, resumedStep: nil)
      for step in 1...4 { try first.write(.training(MetricsWriterTests.metrics(step: step))) }
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data("1,17000".utf8))

      let resumed = try MetricsTable(path: path, gates: Self.gates, resumedStep: 2)
      try resumed.write(.training(MetricsWriterTests.metrics(step: 3)))
      #expect(try Self.rows(path).map(\.[0]) == ["step", "1", "2", "3"])
      // Other columns, as of another version.
      _ = try MetricsTable(path: path, gates: ["layer1.0"], resumedStep: 2)
      #expect(try Self.rows(path).map(\.[0]) == ["step"])
      _ = try MetricsTable(path: path, gates: Self.gates, resumedStep: nil)
      #expect(try Self.rows(path) == [MetricsTable.columns(gates: Self.gates)])
    }
  }
}
