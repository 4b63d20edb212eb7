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

    /// A run that ended with a value that is not finite: in a step, or in an update.
    @Test(arguments: [("1e30", 2, "layer1.0.gate.1"), ("1e300", 1, "conv1.weight")])
    func theStepThatARunEndedWithIsTakenAgain(rate: String, step: Int, layer: String) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let failed = try Program.run(
          small.command(
            "optimizer.learning_rate=\(rate)", "schedule.warmup_epochs=0", "checkpoint.every=1",
            "audit.every=0"),
          ranks: 2)
        try #require(failed.status == 1, "\(failed)")
        func replay(_ arguments: String..., ranks: Int = 1) throws -> Program.Output {
          try Program.run(["replay", small.run.path, "--quiet"] + arguments, ranks: ranks)
        }
        let steps = "steps \(step) to \(step): "
        for ranks in [1, 2, 4] {
          let output = try replay("--step", "\(step)", ranks: ranks)
          #expect(
            output.status == 0
              && output.result == steps + "step \(step) gives the same non-finite value at '\(layer)'\n",
            "\(output)")
        }
        var object = try replay("--json").object()
        let stretches = try #require(object["stretches"] as? [[String: Any]])
        #expect(
          object["equal"] as? Bool == true && stretches.count == 1
            && stretches[0]["compared_with"] as? [String] == ["failure"]
            && stretches[0]["non_finite"] as? NSDictionary == ["step": step, "layer": layer], "\(object)")

        // A record of a failure that never was, and none of the one that was.
        let record = small.run.appendingPathComponent("non-finite.json")
        let text = try String(contentsOf: record, encoding: .utf8)
        try text.replacingOccurrences(of: layer, with: "bn1").write(
          to: record, atomically: true, encoding: .utf8)
        let other = try replay()
        #expect(
          other.status == 1
            && other.result
              == steps
              + "step \(step) gives a non-finite value at '\(layer)', and the run had ANOTHER, in step \(step) at "
              + "'bn1'\n",
          "\(other)")
        try FileManager.default.removeItem(at: record)
        if step > 1 {
          let earlier = try replay()
          #expect(
            earlier.status == 0 && earlier.result.hasPrefix("steps 1 to 1: the same network"), "\(earlier)")
        }
        let audit = #"{"network": "0", "ranks": 1, "seconds": 1, "step": 20}"#
        try audit.write(
          to: small.run.appendingPathComponent("audits.jsonl"), atomically: true, encoding: .utf8)
        let unforeseen = try replay("--json")
        object = try unforeseen.object()
        #expect(unforeseen.status == 1 && object["equal"] as? Bool == false, "\(unforeseen)")
      }
    }

    /// A healthy run, and a record of a failure in it.
    @Test func aFailureThatDoesNotComeAgainIsSaid() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        try Self.run(small, "max_steps=4")
        let record = small.run.appendingPathComponent("non-finite.json")
        try #"{"batch_images": 32, "images": [], "layer": "bn1", "step": 3}"#.write(
          to: record, atomically: true, encoding: .utf8)
        let output = try Program.run(["replay", small.run.path, "--quiet", "--step", "3"])
        #expect(
          output.status == 1
            && output.result == "steps 1 to 3: NO non-finite value, and the run ended with one at 'bn1'\n",
          "\(output)")
        // A run that goes on takes its step again.
        try Self.run(small, "max_steps=5")
        #expect(!FileManager.default.fileExists(atPath: record.path))
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
              "sluice: \(small.run.path) holds nothing to compare steps with: no whole checkpoint, no audit and no "
                + "step that ended the run"
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
