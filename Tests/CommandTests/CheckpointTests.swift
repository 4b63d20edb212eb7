import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// `sluice checkpoint`, on a run of three checkpoints.
  @Suite struct Checkpoints {
    private static func withRun(_ body: (SmallRun) throws -> Void) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let trained = try Program.run(small.command("max_steps=3", "checkpoint.every=1", "checkpoint.keep=9"))
        try #require(trained.status == 0, "\(trained)")
        try body(small)
      }
    }

    private static func spoil(_ small: SmallRun, step: Int) throws {
      let model = small.checkpoint(step).appendingPathComponent("model.safetensors")
      var bytes = try Data(contentsOf: model)
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: model)
    }

    @Test func listVerifyAndPrune() throws {
      try Self.withRun { small in
        let list = try Program.run(["checkpoint", "list", small.run.path, "--json"])
        let rows = try #require(try list.object()["checkpoints"] as? [[String: Any]])
        #expect(
          rows.map { $0["step"] as? Int } == [1, 2, 3]
            && rows.map { $0["whole"] as? Bool } == [true, true, true])
        #expect(rows.map { $0["latest"] as? Bool } == [false, false, true])
        #expect(list.lines == [])

        #expect(try Program.run(["checkpoint", "verify", small.run.path, "-q"], ranks: 2).status == 0)
        try Self.spoil(small, step: 3)
        let verified = try Program.run(["checkpoint", "verify", small.run.path, "-q"], ranks: 2)
        #expect(verified.status == 1)
        #expect(
          verified.result.contains("model.safetensors: damaged: its SHA-256 is not that of its manifest"),
          "\(verified)")

        let command = ["checkpoint", "prune", small.run.path, "--keep", "1"]
        let plan = try Program.run(command + ["--dry-run", "--json"])
        let removed = try #require(try plan.object()["removed"] as? [[String: Any]])
        #expect(removed.map { $0["step"] as? Int } == [1, 3])
        #expect(small.hasCheckpoint(1) && small.hasCheckpoint(3))
        let done = try Program.run(command, ranks: 2)
        #expect(done.status == 0, "\(done)")
        for step in [1, 3] {
          #expect(
            done.lines.contains { $0.hasPrefix("removing \(small.checkpoint(step).path) (") }, "\(done)")
        }
        #expect(!small.hasCheckpoint(1) && small.hasCheckpoint(2) && !small.hasCheckpoint(3))
        // The run goes on from what is left.
        let resumed = try Program.run(small.command("max_steps=4"))
        #expect(resumed.status == 0 && resumed.warnings == [], "\(resumed)")
        #expect(try small.loggedSteps() == [1, 2, 3, 4])
      }
    }
  }
}
