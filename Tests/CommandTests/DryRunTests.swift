import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// What a run would do and need, told before it does anything.
  @Suite struct DryRuns {
    @Test(arguments: [1, 2]) func aDryRunPrintsThePlanAndWritesNothing(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let before = try contents(of: folder)
        let object = try Program.run(small.command() + ["--dry-run", "--json"], ranks: ranks).object()
        #expect(object["ranks"] as? Int == ranks)
        #expect(object["local_batch"] as? Int == 32 / ranks)
        #expect(object["steps_per_epoch"] as? Int == 3)
        #expect(object["first_step"] as? Int == 0)
        #expect(object["last_step"] as? Int == SmallRun.steps)
        #expect(object["memory_bytes"] as? Int ?? 0 > 10_000_000)

        let text = try Program.run(small.command() + ["--dry-run"], ranks: ranks)
        #expect(text.status == 0)
        #expect(text.lines.allSatisfy { $0.hasPrefix("warning: ranks") }, "\(text.lines)")
        let labels = text.result.split(separator: "\n").map { $0.prefix(15) }
        #expect(labels.filter { $0.hasPrefix("batch ") }.count == 1)
        #expect(labels.first?.hasPrefix("data ") == true && labels.last?.hasPrefix("memory ") == true)
        #expect(try contents(of: folder) == before)
        #expect(!FileManager.default.fileExists(atPath: small.run.path))
      }
    }

    /// The same numbers on standard error before the first step.
    @Test func theRunItselfPrintsItsPlanOnce() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let command = small.command("max_steps=1", "optimizer.name=lars", "schedule.warmup_epochs=0")
        let plan = try Program.run(command + ["--dry-run"]).result.split(separator: "\n").map(String.init)
        let lines = try Program.run(command).lines
        #expect(Array(lines.prefix(plan.count)) == plan)
        #expect(lines.count { $0.hasPrefix("not scaled ") } == 1)
      }
    }

    @Test func aDryRunOfAnInterruptedRunCountsWhatIsLeft() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let first = try Program.run(small.command("max_steps=2"))
        try #require(first.status == 0, "\(first)")
        let before = try contents(of: folder)
        let output = try Program.run(small.command() + ["--dry-run"], ranks: 2)
        #expect(output.result.contains("20 in all (max_steps; 50 epochs would take 150), 2 taken before\n"))
        #expect(try contents(of: folder) == before)
      }
    }

    @Test func aDryRunFindsMistakes() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("batch.global=24") + ["--dry-run"], ranks: 4)
        #expect(output.status == 1 && output.result == "")
        #expect(
          output.lines == [
            "sluice: batch.global 24 is not a whole number of shards of batch.shard 4 for each of 4 ranks: "
              + "use batch.global 16 or batch.global 32 or batch.shard 3"
          ])
      }
    }
  }
}
