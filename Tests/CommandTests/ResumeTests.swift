import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// Contracts C2 and C3: a run that was interrupted goes on as if nothing had happened, on any ranks.
  @Suite struct Resuming {
    /// Ranks before and after the interruption.
    @Test(arguments: zip(SmallRun.Objective.allCases, [(2, 1), (1, 4), (1, 2), (4, 1), (2, 4)]))
    func goesOnAfterMaxSteps(_ objective: SmallRun.Objective, _ ranks: (before: Int, after: Int)) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder, objective: objective)
        // In the middle of an epoch, which has three steps.
        let first = try Program.run(small.command("max_steps=7"), ranks: ranks.before)
        try #require(first.status == 0 && small.hasCheckpoint(7), "\(first)")
        let second = try Program.run(small.command(), ranks: ranks.after)
        try #require(second.status == 0, "\(second)")
        #expect(second.lines.contains { $0.hasPrefix("resuming from") && $0.hasSuffix("step 7 of 20") })
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(objective))
      }
    }

    /// In the middle between two checkpoints, and when one has just been written.
    @Test(arguments: [
      (SmallRun.Objective.simclr, ranks: (before: 2, after: 2), step: 5), (.simsiam, (1, 2), 6),
    ])
    func goesOnAfterBeingKilled(
      _ objective: SmallRun.Objective, _ ranks: (before: Int, after: Int), step: Int
    ) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder, objective: objective)
        let command = small.command("checkpoint.every=3")
        let hold = try Hold(beforeStep: step + 1, in: folder)
        defer { hold.release() }
        let job = try Job(command, ranks: ranks.before, environment: hold.environment)
        try job.wait { hold.isReached && small.hasCheckpoint(step / 3 * 3) }
        for rank in job.ranks { kill(rank, SIGKILL) }
        let killed = try job.wait()
        #expect(killed.status != 0)
        #expect(try small.loggedSteps() == Array(1...step))

        let output = try Program.run(command, ranks: ranks.after)
        try #require(output.status == 0, "\(output)")
        #expect(output.warnings.allSatisfy { $0.contains("slow each other down") }, "\(output.warnings)")
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(objective))
        #expect(try small.loggedSteps() == Array(1...SmallRun.steps))
      }
    }

    /// More hosts are free, then fewer: each start is asked to stop, and goes on elsewhere.
    @Test(arguments: [SmallRun.Objective.simclr, .npid])
    func goesOnOnMoreAndFewerRanks(_ objective: SmallRun.Objective) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder, objective: objective)
        for (ranks, step) in [(8, 5), (4, 9), (2, 14)] {
          let hold = try Hold(beforeStep: step, in: folder)
          defer { hold.release() }
          let job = try Job(small.command(), ranks: ranks, environment: hold.environment)
          try job.wait { hold.isReached }
          try #require(job.ranks.count == ranks)
          kill(job.ranks[ranks - 1], SIGTERM)
          hold.release()
          let output = try job.wait()
          try #require(output.status == 75, "\(output)")
          #expect(try small.loggedSteps().last.map { (step - 1..<SmallRun.steps).contains($0) } == true)
        }
        let output = try Program.run(small.command(), ranks: 8)
        try #require(output.status == 0, "\(output)")
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(objective))
        #expect(try small.metrics() == SmallRun.uninterruptedMetrics(objective))
      }
    }

    /// Contract C4.
    @Test func reportsADamagedCheckpointAndUsesTheOneBefore() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let command = small.command("checkpoint.every=3")
        let first = try Program.run(command + ["--set", "max_steps=7"])
        try #require(first.status == 0, "\(first)")
        let model = small.checkpoint(7).appendingPathComponent("model.safetensors")
        var bytes = try Data(contentsOf: model)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: model)

        let second = try Program.run(command, ranks: 2)
        try #require(second.status == 0, "\(second)")
        #expect(
          second.lines.filter { $0.contains("damaged") } == [
            "warning: skipping a checkpoint: \(model.path): damaged: "
              + "its SHA-256 is not that of its manifest"
          ])
        #expect(second.lines.contains("resuming from \(small.checkpoint(6).path), step 6 of 20"))
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(.simclr))
      }
    }

    @Test func goesOnFromACheckpointOfAnotherFolder() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let first = try Program.run(small.command("max_steps=7"))
        try #require(first.status == 0, "\(first)")
        let other = folder.appendingPathComponent("other")
        let second = try Program.run([
          "pretrain", small.configuration.path, "--run", other.path, "--resume",
          small.run.appendingPathComponent("checkpoints/latest").path,
        ])
        try #require(second.status == 0, "\(second)")
        expectEqual(
          try contents(of: other.appendingPathComponent("checkpoints/step-00000020")),
          try SmallRun.uninterrupted(.simclr))
        #expect(!small.hasCheckpoint(SmallRun.steps))
      }
    }

    /// What it says that its checkpoint is can be found again, too.
    @Test func aFinishedRunIsOnlyEvaluatedAgain() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let first = try Program.run(small.command("max_steps=2") + ["--json"])
        let latest = small.run.appendingPathComponent("checkpoints/latest")
        try FileManager.default.removeItem(at: latest)
        let second = try Program.run(small.command("max_steps=2") + ["--json"])
        try #require(second.status == 0, "\(second)")
        let (before, after) = (try first.object(), try second.object())
        #expect(before["evaluation"] as? NSDictionary == after["evaluation"] as? NSDictionary)
        #expect(after["steps"] as? Int == 2)
        #expect(after["images_per_s"] is NSNull)
        #expect(after["checkpoint"] as? String == latest.path)
        #expect(latest.resolvingSymlinksInPath().lastPathComponent == small.checkpoint(2).lastPathComponent)
      }
    }

    /// No steps at all still leave the checkpoint that the summary names.
    @Test func maxStepsOfZeroSavesTheUntrainedNetwork() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("max_steps=0") + ["--json"])
        try #require(output.status == 0, "\(output)")
        let path = try #require(try output.object()["checkpoint"] as? String)
        #expect(FileManager.default.fileExists(atPath: path + "/model.safetensors"))
        #expect(try output.object()["steps"] as? Int == 0)
      }
    }
  }
}
