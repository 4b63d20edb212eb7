import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// `sluice sweep`: two budgets, one seed.
  @Suite struct Sweeping {
    private static func command(_ small: SmallRun, _ more: String...) -> [String] {
      ["sweep", small.configuration.path, "--run", small.run.path, "--targets", "0.3,1", "--seeds", "7"]
        + words("--set max_steps=4 --set epochs=2") + more
    }

    private static func member(_ small: SmallRun, _ target: String) -> URL {
      small.run.appendingPathComponent("target-\(target)/seed-7")
    }

    private static func lastCheckpoint(_ run: URL) throws -> [String: Data] {
      try contents(of: run.appendingPathComponent("checkpoints/step-00000004"))
    }

    /// The runs by themselves, as `pretrain` makes them.
    private static let alone = Result {
      try ["gates.target=0.3", "gates.enabled=false"].map { setting in
        try withTemporaryFolder { folder in
          let small = try SmallRun(in: folder)
          let output = try Program.run(small.command("max_steps=4", "epochs=2", setting, "seed=7"))
          try #require(output.status == 0, "\(output)")
          return try lastCheckpoint(small.run)
        }
      }
    }

    @Test(arguments: [1, 2]) func everyRunIsTheOneOfPretrainAndIsMadeOnce(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let first = try Program.run(Self.command(small, "--json"), ranks: ranks)
        let object = try first.object()
        let rows = try #require(object["rows"] as? [[String: Any]])
        #expect(rows.compactMap { $0["target"] as? Double } == [0.3, 1])
        #expect(rows.compactMap { $0["seed"] as? Int } == [7, 7])
        for key in ["macs_share", "knn", "linear", "seconds"] {
          #expect(rows.allSatisfy { $0[key] is Double }, "\(key)")
        }
        #expect(rows[1]["macs_share"] as? Double == 1)
        let linear = try Program.run(
          words("evaluate linear --json --data shapes:96x32 --checkpoint")
            + [Self.member(small, "0.30").path + "/checkpoints/latest"]
        ).object()
        #expect(rows[0]["linear"] as? Double == linear["top1"] as? Double)
        for (target, alone) in zip(["0.30", "1.00"], try Self.alone.get()) {
          expectEqual(try Self.lastCheckpoint(Self.member(small, target)), alone)
        }
        let csv = try String(contentsOf: small.run.appendingPathComponent("sweep.csv"), encoding: .utf8)
        #expect(csv.split(separator: "\n").count == 3)

        let before = try contents(of: small.run)
        let second = try Program.run(Self.command(small, "--json"), ranks: ranks)
        #expect(second.result == first.result && second.lines == [], "nothing is left to do: \(second)")
        #expect(try contents(of: small.run) == before)
        let table = try Program.run(Self.command(small), ranks: ranks)
        #expect(
          table.result.split(separator: "\n").map { $0.prefix { $0 != " " } } == ["target", "0.30", "dense"])
      }
    }

    /// Before anything is trained, although the run that differs is the last one.
    @Test func anotherValueIsRefusedWithTheDifference() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let made = try Program.run(Self.command(small, "--only", "1"))
        try #require(made.status == 0, "\(made)")
        for ranks in [1, 2] {
          let output = try Program.run(Self.command(small, "--set", "optimizer.momentum=0.5"), ranks: ranks)
          #expect(output.status == 1)
          let sentences = output.lines.filter { $0.hasPrefix("sluice: ") }
          #expect(
            sentences.count == 1
              && sentences[0].contains(
                "\(Self.member(small, "1.00").path) holds a run with a different configuration "
                  + "(optimizer.momentum: 0.9 → 0.5)"),
            "\(output)")
        }
        #expect(!FileManager.default.fileExists(atPath: Self.member(small, "0.30").path))
      }
    }

    @Test(arguments: [1, 2]) func theSameCommandGoesOnAfterAStop(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 3, in: folder)
        defer { hold.release() }
        let job = try Job(Self.command(small), ranks: ranks, environment: hold.environment)
        try job.wait { hold.isReached }
        kill(try #require(job.ranks.last), SIGTERM)
        hold.release()
        let stopped = try job.wait()
        #expect(stopped.status == 75, "\(stopped)")
        #expect(stopped.lines.last?.hasSuffix("the same command resumes from there") == true, "\(stopped)")
        #expect(!FileManager.default.fileExists(atPath: Self.member(small, "1.00").path))

        let finished = try Program.run(Self.command(small), ranks: ranks)
        #expect(finished.status == 0, "\(finished)")
        #expect(finished.lines.contains { $0.hasPrefix("resuming from ") })
        for (target, alone) in zip(["0.30", "1.00"], try Self.alone.get()) {
          expectEqual(try Self.lastCheckpoint(Self.member(small, target)), alone)
        }
      }
    }

    /// Lines that a job array reads; each makes one run, and the table comes from all.
    @Test func jobsOfAnArrayMakeARunEach() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let jobs = try Program.run(Self.command(small, "--array")).result.split(separator: "\n").map(
          String.init)
        try #require(jobs.count == 3)
        #expect(
          jobs[2].hasPrefix("# sbatch --array=0-1 scripts/sluice.sbatch sweep \(small.configuration.path) "))
        for (index, job) in jobs.dropLast().enumerated() {
          #expect(job.hasPrefix("sluice sweep ") && job.hasSuffix(" --only \(index)"))
          let output = try Program.run(Array(words(job).dropFirst()))
          #expect(output.status == 0, "\(output)")
          #expect(output.result.split(separator: "\n").count == 2, "its row alone: \(output.result)")
        }
        #expect(
          !FileManager.default.fileExists(atPath: small.run.path + "/sweep.csv"), "jobs run at one time")
        let all = try Program.run(Self.command(small))
        #expect(all.status == 0 && all.lines == [], "\(all)")
        for (target, alone) in zip(["0.30", "1.00"], try Self.alone.get()) {
          expectEqual(try Self.lastCheckpoint(Self.member(small, target)), alone)
        }
      }
    }

    @Test(arguments: [
      ("--targets 0.3,2 --seeds 1", "it must be different shares above 0 and at most 1"),
      ("--targets 0.3,0.30 --seeds 1", "it must be different shares"),
      ("--targets , --seeds 1", "it must be different shares"),
      ("--targets 1 --seeds 1,-1", "it must be different whole numbers"),
      ("--targets 1 --seeds 1 --only 1", "--only must be from 0 to 0, got 1."),
      ("--targets 1 --seeds 1 --set seed=3", "a sweep decides seed itself"),
      ("--targets 1 --seeds 1 --array --only 0", "Give either --array or --only."),
    ])
    func wrongUsageIsSaid(options: String, words sentence: String) throws {
      let output = try Program.run(["sweep", "none.yaml"] + words(options))
      #expect(output.status == 64 && output.errors.contains(sentence), "\(output)")
    }
  }
}
