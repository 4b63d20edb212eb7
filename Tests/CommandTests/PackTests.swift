import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// `sluice data pack`, and training on what it wrote.
  @Suite struct Packing {
    static let shapes = "shapes:3000x300"

    static func pack(
      _ source: String, _ folder: URL, _ options: String = "--shards 6", ranks: Int = 1
    ) throws -> Program.Output {
      try Program.run(words("data pack \(source) \(folder.path) \(options) --json"), ranks: ranks)
    }

    /// The files of a pack that nothing interrupted, on one rank and one thread.
    static let uninterrupted = Result {
      try withTemporaryFolder { folder in
        let output = try pack(shapes, folder, "--shards 6 --threads 1")
        try #require(output.status == 0, "\(output)")
        return try contents(of: folder)
      }
    }

    static func expectSame(_ found: [String: Data], _ expected: [String: Data]) {
      let names = Set(found.keys).union(expected.keys)
      #expect(names.filter { found[$0] != expected[$0] } == [], "these files differ")
      #expect(!expected.isEmpty)
    }

    @Test(arguments: [(1, 3), (2, 1), (4, 2)])
    func ranksAndThreadsWriteTheSameBytes(_ arrangement: (ranks: Int, threads: Int)) throws {
      try withTemporaryFolder { folder in
        let output = try Self.pack(
          Self.shapes, folder, "--shards 6 --threads \(arrangement.threads)", ranks: arrangement.ranks)
        try #require(output.status == 0, "\(output)")
        Self.expectSame(try contents(of: folder), try Self.uninterrupted.get())
        let summary = try output.object()
        #expect(summary["images"] as? Int == 3300 && summary["train"] as? Int == 3000)
        #expect(
          summary["shards"] as? Int == 7 && summary["kept_shards"] as? Int == 0, "6 and, in proportion, 1")
        #expect(summary["source_bytes"] as? Int == 3300 * 3072)
      }
    }

    /// At any moment after the first shard.
    @Test(arguments: [(1, 2), (2, 1)])
    func goesOnWithTheSameBytesAfterBeingKilled(_ ranks: Int, ranksAfter: Int) throws {
      try withTemporaryFolder { folder in
        let out = folder.appendingPathComponent("out")
        let killed = try Self.interrupt(Self.shapes, out, ranks: ranks) { job in
          for rank in job.ranks { kill(rank, SIGKILL) }
        }
        try #require(killed.status != 0, "\(killed)")
        let early = try Program.run([
          "evaluate", "knn", "--checkpoint", "none", "--data", "packed:\(out.path)",
        ])
        #expect(
          early.errors.contains("packing did not finish: run the same sluice data pack again"), "\(early)"
        )
        let output = try Self.pack(Self.shapes, out, ranks: ranksAfter)
        try #require(output.status == 0, "\(output)")
        Self.expectSame(try contents(of: out), try Self.uninterrupted.get())
        #expect(try #require(try output.object()["kept_shards"] as? Int) >= 1)
      }
    }

    /// More images than are packed before the signal is looked for.
    @Test(arguments: [(SIGINT, 1), (SIGTERM, 2)])
    func stopsAsAskedAndGoesOn(_ signal: Int32, ranks: Int) throws {
      try withTemporaryFolder { folder in
        let out = folder.appendingPathComponent("out")
        let stopped = try Self.interrupt("shapes:12000x300", out, ranks: ranks) { job in
          if let last = job.ranks.last { kill(last, signal) }
        }
        #expect(stopped.status == 75, "\(stopped)")
        #expect(
          stopped.errors.contains(
            #/sluice: stopped as requested with \d of 7 shards finished: the same command resumes/#),
          "\(stopped)")
        let names = try FileManager.default.contentsOfDirectory(atPath: out.path)
        #expect(names.contains("pack.json") && !names.contains { $0.hasPrefix(".tmp-") }, "\(names)")
        let output = try Self.pack("shapes:12000x300", out, ranks: 2)
        #expect(output.status == 0, "\(output)")
        #expect(try output.object()["images"] as? Int == 12_300)
      }
    }

    /// Does `interruption` to a job of one thread a rank that has finished its first shard.
    static func interrupt(
      _ source: String, _ out: URL, ranks: Int, _ interruption: (Job) -> Void
    ) throws -> Program.Output {
      let job = try Job(words("data pack \(source) \(out.path) --shards 6 --threads 1"), ranks: ranks)
      try job.wait { FileManager.default.fileExists(atPath: "\(out.path)/train-00000.idx") }
      interruption(job)
      return try job.wait()
    }

    @Test func aDamagedShardIsMadeAnewAndOthersAreKept() throws {
      try withTemporaryFolder { folder in
        try #require(try Self.pack("shapes:60x20", folder, "--shards 3").status == 0)
        let whole = try contents(of: folder)
        let shard = folder.appendingPathComponent("train-00001.tar")
        var bytes = try Data(contentsOf: shard)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: shard)
        let again = try Self.pack("shapes:60x20", folder, "--shards 3")
        #expect(try again.object()["kept_shards"] as? Int == 3, "of 4")
        Self.expectSame(try contents(of: folder), whole)
      }
    }

    @Test func anotherPlanIsRefused() throws {
      try withTemporaryFolder { folder in
        try #require(try Self.pack("shapes:60x20", folder, "--shards 3").status == 0)
        let whole = try contents(of: folder)
        for (source, options, difference) in [
          ("shapes:60x20", "--shards 4", "--shards: 3 → 4"),
          ("shapes:60x20", "--shards 3 --max-side 16", "--max-side: none → 16"),
          ("shapes:60x20", "--shards 3 --quality 80", "--quality: none → 80"),
          ("shapes:61x20", "--shards 3", "training images: 60 → 61"),
        ] {
          let output = try Self.pack(source, folder, options, ranks: difference.hasPrefix("--shards") ? 2 : 1)
          #expect(output.status == 1)
          #expect(
            output.lines.filter { $0.hasPrefix("sluice: ") && $0.contains(difference) }.count == 1,
            "\(output)")
        }
        Self.expectSame(try contents(of: folder), whole)
      }
    }

    @Test func mistakesAreOneSentence() throws {
      try withTemporaryFolder { folder in
        func expect(_ arguments: String, _ sentence: String, status: Int32 = 1) throws {
          let output = try Program.run(["data", "pack"] + words(arguments))
          #expect(output.status == status)
          #expect(output.errors.contains(sentence), "\(output)")
        }
        let out = folder.path + "/out"
        try expect("shapes:10x5 \(out) --shards 11", "the most is --shards 10")
        try expect("shapes:10x5 \(out) --shards 0", "--shards must be from 1 to 100000", status: 64)
        try expect(
          "shapes:10x5 \(out) --shards 2 --quality 101", "--quality must be from 1 to 100", status: 64)
        try expect("nowhere:x \(out) --shards 2", "data source 'nowhere:x' is unknown")
        #expect(!FileManager.default.fileExists(atPath: out))
        try Data("a".utf8).write(to: folder.appendingPathComponent("mine.txt"))
        try expect("shapes:10x5 \(folder.path) --shards 2", "holds 'mine.txt', which data pack did not write")
        try expect("shapes:10x5 \(folder.path)/mine.txt/out --shards 2", "mine.txt/out: cannot be written: ")
        try #require(try Self.pack("shapes:10x5", URL(fileURLWithPath: out), "--shards 2").status == 0)
        try expect(
          "packed:\(out) \(out)/again --shards 2", "lies inside the source \(out): name a folder beside it")
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: folder.path)) == ["mine.txt", "out"])
      }
    }

    @Test func aFullDiskLeavesNothingHalfDone() throws {
      try withTemporaryFolder { folder in
        let out = folder.appendingPathComponent("out")
        let job = try Job(
          words("data pack \(Self.shapes) \(out.path) --shards 6"), after: "trap '' XFSZ; ulimit -S -f 512")
        let output = try job.wait()
        #expect(output.status == 1)
        #expect(
          output.errors.contains(#/sluice: .*/out/.tmp-train-00000.tar: cannot be written: File too large/#),
          "\(output)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: out.path) == ["pack.json"])
        try #require(try Self.pack(Self.shapes, out).status == 0)
        Self.expectSame(try contents(of: out), try Self.uninterrupted.get())
      }
    }

    /// The default names all bad images and keeps the other shards; they are left out on request.
    @Test func badImagesAreNamedAndMayBeLeftOut() throws {
      try withTemporaryFolder { folder in
        let (source, out) = (folder.appendingPathComponent("source"), folder.appendingPathComponent("out"))
        try #require(try Self.pack("shapes:40x10", source, "--shards 1").status == 0)
        let shard = source.appendingPathComponent("train-00000.tar")
        let whole = try Data(contentsOf: shard)
        var bytes = whole
        // Two images: behind the first member's header, and near the end of the last of 40.
        bytes[600] ^= 1
        bytes[bytes.count - 4000] ^= 1
        try bytes.write(to: shard)

        for ranks in [1, 2] {
          let stopped = try Self.pack("packed:\(source.path)", out, "--shards 8", ranks: ranks)
          #expect(stopped.status == 1)
          #expect(stopped.warnings.filter { $0.contains("train-00000.tar: 0") }.count == 2, "\(stopped)")
          #expect(
            stopped.errors.contains(
              "sluice: 2 images cannot be packed, see above; 8 of 10 shards are finished"))
        }
        let skipped = try Self.pack("packed:\(source.path)", out, "--shards 8 --on-error skip", ranks: 2)
        try #require(skipped.status == 0, "\(skipped)")
        let summary = try skipped.object()
        #expect(summary["train"] as? Int == 38 && summary["skipped"] as? Int == 2)
        #expect(summary["kept_shards"] as? Int == 8)
        let index = try String(contentsOf: out.appendingPathComponent("index.json"), encoding: .utf8)
        #expect(index.components(separatedBy: "(CRC-32)").count == 3)

        // The source is mended: nothing may be missing any more.
        try whole.write(to: shard)
        let mended = try Self.pack("packed:\(source.path)", out, "--shards 8")
        #expect(try mended.object()["skipped"] as? Int == 0 && mended.object()["images"] as? Int == 50)
      }
    }

    @Test func sizesAndQualitiesAreThoseAskedFor() throws {
      try withTemporaryFolder { folder in
        let output = try Self.pack("shapes:20x5", folder, "--shards 2 --max-side 16 --quality 75")
        #expect(output.status == 0, "\(output)")
        let index = try String(contentsOf: folder.appendingPathComponent("index.json"), encoding: .utf8)
        #expect(index.contains("\"max_side\" : 16") && index.contains("\"image_size\" : 16"))
        let records = try String(contentsOf: folder.appendingPathComponent("val-00000.idx"), encoding: .utf8)
        #expect(records.components(separatedBy: ".jpg\n").count == 6)
      }
    }

    // MARK: Training

    /// A pack of 96 images to train on, in seven shards of a block each, which stays while the tests run.
    private static let trained = Result {
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "sluice-\(UUID().uuidString)")
      try #require(try pack("shapes:96x32", folder, "--shards 7").status == 0)
      return folder
    }

    private static func command(_ small: SmallRun, _ settings: String...) throws -> [String] {
      small.command("data.source=packed:\(try trained.get().path)", "data.shuffle_window=16")
        + settings.flatMap { ["--set", $0] }
    }

    private static let oneRank = Result {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(try command(small))
        try #require(output.status == 0, "\(output)")
        return try contents(of: small.checkpoint(SmallRun.steps))
      }
    }

    /// Contract C1.
    @Test(arguments: [(2, 1), (2, 2), (4, 1)])
    func ranksAndThreadsTrainTheSame(_ arrangement: (ranks: Int, threads: Int)) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(
          try Self.command(small, "threads=\(arrangement.threads)"), ranks: arrangement.ranks)
        try #require(output.status == 0, "\(output)")
        expectEqual(try contents(of: small.checkpoint(SmallRun.steps)), try Self.oneRank.get())
      }
    }

    /// Contracts C2 and C3, in the middle of an epoch of three steps.
    @Test(arguments: [(1, 2), (4, 1)])
    func anInterruptedRunEndsAsAnUninterruptedOne(_ ranks: (before: Int, after: Int)) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let first = try Program.run(try Self.command(small, "max_steps=7"), ranks: ranks.before)
        try #require(first.status == 0 && small.hasCheckpoint(7), "\(first)")
        let second = try Program.run(try Self.command(small), ranks: ranks.after)
        try #require(second.status == 0, "\(second)")
        expectEqual(try contents(of: small.checkpoint(SmallRun.steps)), try Self.oneRank.get())
      }
    }

    /// What the comparisons are worth: another window is another order.
    @Test func anotherWindowTrainsAnother() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(try Self.command(small, "data.shuffle_window=96"))
        try #require(output.status == 0, "\(output)")
        let name = "model.safetensors"
        #expect(try contents(of: small.checkpoint(SmallRun.steps))[name] != Self.oneRank.get()[name])
      }
    }

    @Test func aShardThatOneRankCannotSeeIsNamed() throws {
      try withTemporaryFolder { folder in
        try #require(try Self.pack("shapes:96x32", folder, "--shards 4").status == 0)
        let shard = folder.appendingPathComponent("train-00002.tar")
        let bytes = try Data(contentsOf: shard)
        try bytes.dropLast(512).write(to: shard)
        let small = try SmallRun(in: folder.appendingPathComponent("run"))
        let output = try Program.run(small.command("data.source=packed:\(folder.path)"), ranks: 2)
        #expect(output.status == 1)
        #expect(
          output.lines.filter {
            $0.contains(
              "\(shard.path) is damaged: it has \(bytes.count - 512) bytes, its index says \(bytes.count)")
          }.count == 1, "\(output)")
      }
    }
  }
}
