import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// Steps that ranks repeat for each other, and stretches of a run that are taken again.
  @Suite struct Replays {
    private static func run(_ small: SmallRun, ranks: Int = 1, _ more: String...) throws {
      let output = try Program.run(
        small.command() + (["audit.every=4", "checkpoint.every=10"] + more).flatMap { ["--set", $0] },
        ranks: ranks)
      try #require(output.status == 0, "\(output)")
    }

    /// The lines of `audits.jsonl`, without what depends on the clock and on ranks.
    private static func audits(_ small: SmallRun) throws -> [NSDictionary] {
      try String(contentsOf: small.run.appendingPathComponent("audits.jsonl"), encoding: .utf8).split(
        separator: "\n"
      )
      .map {
        var line = try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        line["seconds"] = nil
        line["ranks"] = nil
        return line as NSDictionary
      }
    }

    /// An audit changes no bit, and the same network is recorded whatever the ranks and wherever a run stopped.
    @Test(arguments: [SmallRun.Objective.simclr, .simsiam])
    func auditsRecordWhatTheRunIsWithoutThem(_ objective: SmallRun.Objective) throws {
      try withTemporaryFolder { folder in
        let expected = try SmallRun.uninterrupted(objective)
        var records: [[NSDictionary]] = []
        for ranks in [1, 2, 4] {
          let small = try SmallRun(in: folder.appendingPathComponent("\(ranks)"), objective: objective)
          if ranks == 2 { try Self.run(small, ranks: 2, "max_steps=10") }
          try Self.run(small, ranks: ranks)
          expectEqual(try contents(of: small.checkpoint(SmallRun.steps)), expected)
          records.append(try Self.audits(small))
        }
        #expect(records[0].compactMap { $0["step"] as? Int } == [4, 8, 12, 16, 20])
        #expect(records[0] == records[1] && records[0] == records[2])
      }
    }

    @Test func stretchesAreTakenAgainAndCompared() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        try Self.run(small)
        func replay(_ arguments: String..., ranks: Int = 1) throws -> Program.Output {
          try Program.run(["replay", small.run.path, "--quiet"] + arguments, ranks: ranks)
        }
        var output = try replay()
        #expect(
          output.status == 0
            && output.result
              == "steps 11 to 20: the same network, bit for bit, as the audit and checkpoint after step 20\n",
          "\(output)")
        output = try replay("--step", "7", ranks: 2)
        #expect(
          output.status == 0
            && output.result
              == "steps 1 to 8: the same network, bit for bit, as the audit after step 8\n",
          "\(output)")
        output = try Program.run(
          ["verify", small.run.path, "--quiet", "--stretches", "100", "--json", "--set", "threads=2"])
        let object = try #require(
          try JSONSerialization.jsonObject(with: Data(output.result.utf8)) as? [String: Any])
        #expect(output.status == 0 && object["equal"] as? Bool == true, "\(output)")
        let stretches = try #require(object["stretches"] as? [[String: Any]])
        #expect(stretches.compactMap { $0["last_step"] as? Int } == [4, 8, 10, 12, 16, 20])

        output = try replay("--step", "21")
        #expect(
          output.status == 1
            && output.lines == [
              "sluice: nothing in \(small.run.path) is recorded at step 21 or later: the last record is of step 20"
            ])

        output = try replay("--set", "max_steps=19", ranks: 2)
        #expect(
          output.status == 1
            && output.lines == [
              "sluice: \(small.run.path) holds a record of step 20, and a run of its configuration has 19 steps: the "
                + "records or config.yaml are of another run"
            ], "\(output)")

        // A record of a network that never was.
        let audits = small.run.appendingPathComponent("audits.jsonl")
        let text = try String(contentsOf: audits, encoding: .utf8)
        let first = try #require(try Self.audits(small)[0]["network"] as? String)
        try text.replacingOccurrences(of: first, with: String(first.reversed())).write(
          to: audits, atomically: true, encoding: .utf8)
        output = try replay("--step", "1", ranks: 2)
        #expect(
          output.status == 1
            && output.result == "steps 1 to 4: ANOTHER network than that of the audit after step 4\n",
          "\(output)")
      }
    }

    @Test func whatCannotBeTakenAgainIsSaid() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        try FileManager.default.createDirectory(at: small.run, withIntermediateDirectories: true)
        let output = try Program.run(["replay", small.run.path], ranks: 2)
        #expect(
          output.status == 1
            && output.lines == [
              "sluice: \(small.run.path) holds neither a whole checkpoint nor an audit to compare steps with"
            ], "\(output)")
      }
    }

    @Test func anObjectiveThatRemembersIsNotAudited() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("objective.name=npid", "audit.every=1"))
        #expect(
          output.status == 1
            && output.lines == [
              "sluice: audit.every 1 cannot be had with objective.name npid, as each rank alone holds a part of what the "
                + "objective remembers: use audit.every 0"
            ], "\(output)")
      }
    }
  }
}
