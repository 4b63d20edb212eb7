import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// The same command twice, overlapping, in one folder.
  @Suite struct SharedFolders {
    static func holder(in folder: URL) throws -> [String: Any] {
      try Golden.json(folder.appendingPathComponent("holder.json"))
    }

    @Test(arguments: [1, 2]) func theSecondSaysWhoHoldsTheFolder(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 5, in: folder)
        defer { hold.release() }
        let job = try Job(small.command(), ranks: ranks, environment: hold.environment)
        try job.wait { hold.isReached }
        let first = try #require(job.ranks.first)
        for arguments in [
          small.command(), small.command() + ["--dry-run"], small.command() + ["--resume", "never"],
        ] {
          let second = try Program.run(arguments, ranks: ranks)
          #expect(second.status == 1)
          let sentences = second.lines.filter { $0.hasPrefix("sluice: ") }
          #expect(sentences.count == 1, "\(second)")
          #expect(
            sentences.first?.contains("\(small.run.path) is in use by process \(first) on ") == true,
            "\(second)")
          #expect(sentences.first?.hasSuffix("add --take-over") == true)
        }
        hold.release()
        let output = try job.wait()
        #expect(output.status == 0, "\(output)")
        expectEqual(try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(.simclr))
        #expect(try small.loggedSteps() == Array(1...SmallRun.steps))
        #expect(!FileManager.default.fileExists(atPath: small.run.path + "/holder.json"))
      }
    }

    @Test func theFolderOfAKilledRunIsTakenOver() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 5, in: folder)
        defer { hold.release() }
        let job = try Job(small.command("checkpoint.every=2"), environment: hold.environment)
        try job.wait { hold.isReached }
        let killed = try #require(job.ranks.first)
        kill(killed, SIGKILL)
        _ = try job.wait()
        #expect(FileManager.default.fileExists(atPath: small.run.path + "/holder.json"))
        let output = try Program.run(small.command("checkpoint.every=2"))
        #expect(output.status == 0, "\(output)")
        #expect(output.lines.contains { $0.contains("was held by process \(killed) on ") }, "\(output)")
        expectEqual(try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(.simclr))
      }
    }

    /// By force it is taken from a living job, which notices and leaves the files alone.
    @Test func byForceItIsTakenFromALivingJob() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 5, in: folder)
        defer { hold.release() }
        let job = try Job(small.command(), environment: hold.environment)
        try job.wait { hold.isReached }
        let second = try Program.run(small.command() + ["--take-over"])
        #expect(second.status == 0, "\(second)")
        let written = try contents(of: small.run)
        hold.release()
        let first = try job.wait()
        #expect(first.status == 1)
        #expect(first.lines.last?.hasPrefix("sluice: rank 0 on ") == true, "\(first)")
        #expect(first.lines.last?.hasSuffix("this process writes nothing more to it") == true)
        #expect(try contents(of: small.run) == written)
        expectEqual(try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(.simclr))
      }
    }

    /// A mistake leaves no folder behind that was made only to be held.
    @Test func aStartThatFailsLeavesNothing() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("data.source=folder:/none"))
        #expect(output.status == 1)
        #expect(!FileManager.default.fileExists(atPath: small.run.path))
      }
    }

    /// Two that pack into one folder would take each other's unfinished shards.
    @Test func aPackIsHeldAsWell() throws {
      try withTemporaryFolder { folder in
        let pack = folder.appendingPathComponent("pack")
        let small = try SmallRun(in: folder)
        // A run holds the folder: who it is does not matter.
        let hold = try Hold(beforeStep: 1, in: folder)
        defer { hold.release() }
        let job = try Job(
          ["pretrain", small.configuration.path, "--run", pack.path], environment: hold.environment)
        try job.wait { hold.isReached }
        let output = try Program.run(["data", "pack", "shapes:9x3", pack.path, "--shards", "1"], ranks: 2)
        #expect(output.status == 1)
        #expect(output.lines.contains { $0.contains("\(pack.path) is in use by process ") }, "\(output)")
        hold.release()
        #expect(try job.wait().status == 0)
      }
    }
  }
}
