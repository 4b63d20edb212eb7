import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// `ranks.jsonl`: what each of several ranks spent on its steps.
  @Suite struct RankTimes {
    private static func records(_ small: SmallRun) throws -> [[String: Any]] {
      try String(contentsOf: small.run.appendingPathComponent("ranks.jsonl"), encoding: .utf8)
        .split(separator: "\n").map {
          try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test func aRunOnSeveralRanksRecordsThemAndShowsThem() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        for (settings, ranks) in [(["max_steps=12"], 2), ([], 4)] {
          let output = try Program.run(
            small.command() + settings.flatMap { ["--set", $0] }, ranks: ranks)
          try #require(output.status == 0, "\(output)")
        }
        let records = try Self.records(small)
        #expect(records.compactMap { $0["step"] as? Int } == [12, 20])
        #expect(records.compactMap { $0["steps"] as? Int } == [12, 8])
        for (record, count) in zip(records, [2, 4]) {
          let ranks = try #require(record["ranks"] as? [[String: Any]])
          #expect(ranks.count == count)
          for rank in ranks {
            #expect((rank["host"] as? String)?.isEmpty == false)
            let (work, data) = (rank["work_s"] as? Double ?? 0, rank["data_s"] as? Double ?? -1)
            #expect(work > 0 && (0...work).contains(data) && (rank["wait_s"] as? Double ?? -1) > 0, "\(rank)")
          }
        }
        expectEqual(try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(.simclr))
        let page = try String(contentsOf: small.run.appendingPathComponent("report.html"), encoding: .utf8)
        #expect(page.contains("<h2>Ranks</h2>") && page.contains("over 8 steps up to step 20"))
      }
    }

    @Test func aRankThatIsAloneRecordsNothing() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("max_steps=2"))
        try #require(output.status == 0, "\(output)")
        #expect(!FileManager.default.fileExists(atPath: small.run.path + "/ranks.jsonl"))
        let page = try String(contentsOf: small.run.appendingPathComponent("report.html"), encoding: .utf8)
        #expect(!page.contains("<h2>Ranks</h2>"))
      }
    }
  }
}
