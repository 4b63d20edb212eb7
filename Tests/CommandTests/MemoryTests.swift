import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// Less memory for more time.
  @Suite struct Memory {
    /// Recomputing changes no bit, so that a run may begin without it and go on with it.
    @Test(arguments: SmallRun.Objective.allCases)
    func recomputingWritesTheSameCheckpoint(_ objective: SmallRun.Objective) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder, objective: objective)
        let first = try Program.run(small.command("max_steps=3"))
        try #require(first.status == 0, "\(first)")
        let second = try Program.run(small.command("memory.recompute=true"), ranks: 2)
        try #require(second.status == 0, "\(second)")
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(objective))
      }
    }

    /// Micro-batches make another run, which is the same on any ranks, also when it goes on; one cannot go on with
    /// the other.
    @Test(arguments: SmallRun.Objective.allCases)
    func microBatchesAreAnotherRunOnAnyRanks(_ objective: SmallRun.Objective) throws {
      try withTemporaryFolder { folder in
        let micro = "batch.micro=16"
        let alone = try SmallRun(in: folder.appendingPathComponent("alone"), objective: objective)
        let output = try Program.run(alone.command(micro))
        try #require(output.status == 0, "\(output)")
        let checkpoint = try contents(of: alone.checkpoint(SmallRun.steps))
        let whole = try SmallRun.uninterrupted(objective)
        #expect(checkpoint["model.safetensors"] != whole["model.safetensors"])

        let shared = try SmallRun(in: folder.appendingPathComponent("shared"), objective: objective)
        let begun = try Program.run(shared.command(micro, "max_steps=5", "memory.recompute=true"), ranks: 4)
        try #require(begun.status == 0, "\(begun)")
        let refused = try Program.run(shared.command())
        #expect(refused.status == 1 && refused.lines.count == 1, "\(refused)")
        #expect(refused.lines.first?.contains("batch.micro") == true, "\(refused)")
        let ended = try Program.run(shared.command(micro), ranks: 2)
        try #require(ended.status == 0, "\(ended)")
        expectEqual(try contents(of: shared.checkpoint(SmallRun.steps)), checkpoint)
      }
    }

    @Test func microBatchesThatDoNotFitAreRefused() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("batch.micro=12"))
        #expect(output.status == 1)
        #expect(
          output.lines == [
            "sluice: batch.micro 12 does not divide batch.global 32 into whole shards of batch.shard 4 "
              + "for each of 1 rank: use batch.micro 8 or batch.micro 16"
          ])
      }
    }
  }
}
