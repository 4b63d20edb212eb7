import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// What happens to the disk while a run trains does not end it, and damages nothing.
  @Suite struct DiskFaults {
    /// Expects the metrics of a run that logs every step to be whole, and its newest checkpoint too.
    static func expectWhole(_ small: SmallRun, steps: Int) throws {
      #expect(try small.loggedSteps() == Array(1...steps))
      let latest = small.run.appendingPathComponent("checkpoints/latest").resolvingSymlinksInPath()
      #expect(latest.lastPathComponent == small.checkpoint(steps).lastPathComponent)
      let verified = try Program.run(words("evaluate knn --checkpoint \(latest.path) --data shapes:24x8"))
      #expect(verified.status == 0, "\(verified)")
      let names = try FileManager.default.contentsOfDirectory(atPath: small.run.path + "/checkpoints")
      #expect(names.allSatisfy { $0 == "latest" || $0.hasPrefix("step-") }, "\(names)")
    }

    /// Faults and their ends that were told, without the paths.
    static func told(_ output: Program.Output) -> [String] {
      output.warnings.filter { !$0.contains("slow each other down") }
    }

    /// Files may not grow beyond a limit: metrics stop in the middle of a line, checkpoints fail, until the limit
    /// is gone.
    @Test(.enabled(if: Tool.isInstalled("prlimit"), "prlimit (util-linux) is not installed"))
    func aLimitOnFilesIsOutlived() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        // One rank: MPI has large files of its own.
        let job = try Job(
          small.command("max_steps=none", "epochs=40", "checkpoint.every=4"), after: "ulimit -S -f 16")
        // Metrics have smaller records than events, and reach the limit later.
        let metrics = small.run.appendingPathComponent("metrics.jsonl")
        try job.wait { ((try? Data(contentsOf: metrics).count) ?? 0) > 15 << 10 }
        #expect(job.hasSaid("cannot be written: File too large; training continues and lines wait"))
        let cut = try Data(contentsOf: metrics)
        #expect(cut.last == UInt8(ascii: "\n") && cut.count <= 16 << 10 && cut.count > 15 << 10)
        let checkpoints = try FileManager.default.contentsOfDirectory(atPath: small.run.path + "/checkpoints")
        // One may be on its way to its end.
        #expect(checkpoints.filter { !$0.hasPrefix(".tmp-") } == [])
        for rank in job.ranks { try Tool.succeed(["prlimit", "--pid", "\(rank)", "--fsize=unlimited"]) }
        let output = try job.wait()
        #expect(output.status == 0, "\(output)")
        let told = Self.told(output)
        #expect(
          told.count { $0.hasSuffix("File too large; training continues and lines wait in memory") } == 1,
          "\(told)")
        #expect(told.count { $0.contains("File too large; training continues without the checkpoint") } == 1)
        #expect(told.count { $0.contains("evaluation.json") } == 1)
        #expect(told.count { $0.hasSuffix("can be written again, no line is missing") } == 1)
        #expect(told.count { $0.contains("checkpoints can be written again") } == 1)
        #expect(told.count == 5, "\(told)")
        try Self.expectWhole(small, steps: 120)
      }
    }

    /// The system would end whoever writes on (SIGXFSZ).
    @Test(arguments: [
      ("pretrain FOLDER/simclr.yaml --run FOLDER/run", "FOLDER/run/config.yaml"),
      ("data pack shapes:64x8 FOLDER/pack --shards 1", "FOLDER/pack/.tmp-train-00000.tar"),
      ("data inspect shapes:24x8 --sheet FOLDER/sheet.png", "FOLDER/sheet.png"),
    ])
    func aFileThatMayNotGrowIsOneSentence(command: String, file: String) throws {
      try withTemporaryFolder { folder in
        _ = try SmallRun(in: folder)
        let job = try Job(
          words(command.replacing("FOLDER", with: folder.path)) + ["--quiet"], after: "ulimit -f 1")
        let output = try job.wait()
        #expect(output.status == 1)
        let path = file.replacing("FOLDER", with: folder.path)
        #expect(output.lines == ["sluice: \(path): cannot be written: File too large"])
      }
    }

    /// A disk of 4 MiB, of which another file takes all but a little; a checkpoint has 1.5 MB.
    @Test(.enabled(if: Tool.canMount, "mounting a small tmpfs needs root"))
    func aFullDiskIsOutlived() throws {
      try withTemporaryFolder { folder in
        let disk = folder.appendingPathComponent("disk")
        try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: false)
        try Tool.succeed(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk.path])
        defer { try? Tool.succeed(["umount", "--lazy", disk.path]) }
        let small = try SmallRun(in: disk)
        let job = try Job(
          small.command("max_steps=none", "epochs=40", "checkpoint.every=4", "checkpoint.keep=1"), ranks: 2)
        try job.wait { small.hasCheckpoint(4) }
        let ballast = disk.appendingPathComponent("ballast")
        try? Data(count: 4 << 20).write(to: ballast)
        try job.wait { job.hasSaid("cannot be written: No space left on device; training continues without") }
        try job.wait {
          job.hasSaid("cannot be written: No space left on device; training continues and lines")
        }
        let latest = try FileManager.default.destinationOfSymbolicLink(
          atPath: small.run.path + "/checkpoints/latest")
        #expect(try contents(of: small.run.appendingPathComponent("checkpoints/\(latest)")).count == 5)
        try FileManager.default.removeItem(at: ballast)
        let output = try job.wait()
        #expect(output.status == 0, "\(output)")
        let told = Self.told(output)
        #expect(told.count { $0.contains("No space left on device") } == 2, "\(told)")
        #expect(told.count { $0.contains("can be written again") } == 2, "\(told)")
        try Self.expectWhole(small, steps: 120)
      }
    }

    @Test func aVanishedFolderIsMadeAnew() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        // No checkpoint is being written then.
        let hold = try Hold(beforeStep: 6, in: folder)
        defer { hold.release() }
        let job = try Job(
          small.command("max_steps=none", "epochs=20", "checkpoint.every=8"), ranks: 2,
          environment: hold.environment)
        try job.wait { hold.isReached }
        let configuration = try Data(contentsOf: small.run.appendingPathComponent("config.yaml"))
        // Moved aside first: the run may write while its folder is being removed.
        let aside = folder.appendingPathComponent("aside")
        try FileManager.default.moveItem(at: small.run, to: aside)
        try FileManager.default.removeItem(at: aside)
        hold.release()
        let output = try job.wait()
        #expect(output.status == 0, "\(output)")
        #expect(
          Self.told(output) == [
            "warning: \(small.run.path) disappeared and has been recreated; the checkpoints that were in it are lost"
          ])
        #expect(try Data(contentsOf: small.run.appendingPathComponent("config.yaml")) == configuration)
        try Self.expectWhole(small, steps: 60)
      }
    }

    /// What the run ends with must be written: it waits for room, until it is asked to stop.
    @Test func theLastCheckpointThatHasNoRoomFailsTheRun() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        // One rank: MPI has large files of its own.
        let job = try Job(small.command("max_steps=none", "epochs=5"), after: "ulimit -f 16")
        try job.wait { job.hasSaid("keeps trying for five minutes: free some space") }
        for rank in job.ranks { kill(rank, SIGTERM) }
        let output = try job.wait()
        #expect(output.status == 1)
        let sentences = output.lines.filter { $0.hasPrefix("sluice: ") }
        #expect(sentences.count == 1, "\(output)")
        let cause =
          #/^sluice: after step 15: .*: cannot be written: File too large; there is no checkpoint; free some space/#
        #expect(sentences.allSatisfy { $0.contains(cause) }, "\(sentences)")
      }
    }

    /// Nobody can make room where that is not the trouble: the run ends at once.
    @Test func theLastCheckpointThatHasNoFolderFailsTheRun() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 5, in: folder)
        defer { hold.release() }
        let job = try Job(
          small.command("max_steps=none", "epochs=5"), ranks: 2, environment: hold.environment)
        try job.wait { hold.isReached }
        let checkpoints = small.run.appendingPathComponent("checkpoints")
        try FileManager.default.removeItem(at: checkpoints)
        try Data().write(to: checkpoints)
        hold.release()
        let output = try job.wait()
        #expect(output.status == 1)
        let sentences = output.lines.filter { $0.hasPrefix("sluice: ") }
        #expect(sentences.count == 1, "\(output)")
        let cause =
          #/^sluice: rank 0 on \S+: after step 15: .*/checkpoints: cannot be written: Not a directory; there is no checkpoint; mend that/#
        #expect(sentences.allSatisfy { $0.contains(cause) }, "\(sentences)")
        #expect(!output.errors.contains("keeps trying"))
        #expect(try small.loggedSteps() == Array(1...15))
      }
    }
  }
}
