import Foundation
import TestSupport
import Testing

@testable import Metrics

/// Files with a record of some of a run's steps in every line.
@Suite struct StepRecordTests {
  private static func record(_ step: Int) -> RankTimesRecord {
    RankTimesRecord(
      step: step, steps: 100, ranks: [.init(host: "n/1", work: 0.5, data: 0.25, wait: 0.125)])
  }

  private static func write(_ steps: ClosedRange<Int>, to path: String, resumedStep: Int?) throws {
    let log = try StepRecordLog(RankTimesRecord.self, path: path, resumedStep: resumedStep)
    for step in steps {
      try log.write(.rankTimes(record(step)))
      // Another file's.
      try log.write(.audit(AuditRecord(step: step, network: "a", ranks: 1, seconds: 1, problem: nil)))
    }
    try log.sync()
  }

  @Test func aLineHoldsWhatScriptsRead() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/ranks.jsonl"
      try Self.write(7...7, to: path, resumedStep: nil)
      #expect(
        try String(contentsOfFile: path, encoding: .utf8)
          == #"{"ranks":[{"data_s":0.25,"host":"n/1","wait_s":0.125,"work_s":0.5}],"step":7,"steps":100}"#
          + "\n")
      #expect(RankTimesRecord.all(in: path) == [Self.record(7)])
    }
  }

  @Test func aResumedRunKeepsTheStepsThatItHasTaken() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/ranks.jsonl"
      try Self.write(1...4, to: path, resumedStep: nil)
      // Cut short by a crash.
      let handle = try #require(FileHandle(forWritingAtPath: path))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data(#"{"ranks":[{"da"#.utf8))
      try handle.close()
      try Self.write(3...3, to: path, resumedStep: 2)
      #expect(RankTimesRecord.all(in: path).map(\.step) == [1, 2, 3])
      try Self.write(1...1, to: path, resumedStep: nil)
      #expect(RankTimesRecord.all(in: path).map(\.step) == [1])
    }
  }

  @Test func noRecordMakesNoFile() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/ranks.jsonl"
      let log = try StepRecordLog(RankTimesRecord.self, path: path, resumedStep: nil)
      try log.write(.audit(AuditRecord(step: 1, network: "a", ranks: 1, seconds: 1, problem: nil)))
      try log.sync()
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }

  /// A report divides by both.
  @Test(arguments: [
    #"{"ranks":[],"step":7,"steps":100}"#,
    #"{"ranks":[{"data_s":0,"host":"a","wait_s":0,"work_s":1}],"step":7,"steps":0}"#,
    #"{"ranks":[{"data_s":0,"host":"a","wait_s":0,"work_s":1}],"step":-1,"steps":1}"#,
  ])
  func aRecordOfNothingIsNone(line: String) throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/ranks.jsonl"
      try Data(line.utf8).write(to: URL(fileURLWithPath: path))
      #expect(RankTimesRecord.all(in: path).isEmpty)
    }
  }
}
