import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// Contracts C1 to C3 hold whatever the optimizer.
  @Suite struct LARSRuns {
    private static let settings = [
      "optimizer.name=lars", "optimizer.learning_rate=3", "optimizer.learning_rate_scaling=linear",
      "optimizer.weight_decay=1e-4",
    ]

    private static func command(_ small: SmallRun, _ more: String...) -> [String] {
      small.command() + (settings + more).flatMap { ["--set", $0] }
    }

    /// Ranks before and after step 7, threads throughout.
    @Test(arguments: [SmallRun.Objective.simclr, .simsiam, .supervised], [(2, 1, 2), (1, 4, 1)])
    func anInterruptionOrRanksDoNotChangeABit(
      _ objective: SmallRun.Objective, _ arrangement: (before: Int, after: Int, threads: Int)
    ) throws {
      try withTemporaryFolder { folder in
        let whole = try SmallRun(in: folder.appendingPathComponent("whole"), objective: objective)
        let output = try Program.run(Self.command(whole))
        try #require(output.status == 0, "\(output)")
        let expected = try contents(of: whole.checkpoint(SmallRun.steps))

        let cut = try SmallRun(in: folder.appendingPathComponent("cut"), objective: objective)
        let threads = "threads=\(arrangement.threads)"
        let first = try Program.run(Self.command(cut, "max_steps=7", threads), ranks: arrangement.before)
        try #require(first.status == 0 && cut.hasCheckpoint(7), "\(first)")
        let second = try Program.run(Self.command(cut, threads), ranks: arrangement.after)
        try #require(second.status == 0, "\(second)")
        expectEqual(try contents(of: cut.checkpoint(SmallRun.steps)), expected)
        // The optimizer is another one indeed.
        #expect(expected["model.safetensors"] != (try SmallRun.uninterrupted(objective))["model.safetensors"])
      }
    }

    /// A run belongs to its optimizer.
    @Test func anotherOptimizerIsAnotherRun() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let first = try Program.run(small.command("max_steps=1"))
        try #require(first.status == 0, "\(first)")
        let output = try Program.run(small.command("optimizer.name=lars"))
        #expect(output.status == 1)
        #expect(
          output.lines == [
            "sluice: \(small.run.path) holds a run with a different configuration (optimizer.name: sgd → lars): "
              + "choose another folder with --run, or restore the old values"
          ])
      }
    }
  }
}
