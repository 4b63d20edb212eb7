import Foundation
import Tensors
import TestSupport
import Testing

extension CommandLineTests {
  /// `sluice embed`: features of every image, in files.
  @Suite struct Embed {
    static let data = "shapes:50x31"

    /// A run of two steps, and the words that name its checkpoint.
    static func withCheckpoint(
      _ settings: String..., body: (_ folder: URL, _ checkpoint: String) throws -> Void
    ) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let trained = try Program.run(
          small.command("max_steps=2", "evaluate.every=0") + settings.flatMap { ["--set", $0] })
        try #require(trained.status == 0, "\(trained)")
        try body(folder, "--checkpoint \(small.run.path)/checkpoints/latest")
      }
    }

    /// Contract C1.
    @Test func ranksAndThreadsWriteTheSameBytes() throws {
      try Self.withCheckpoint { folder, checkpoint in
        func embed(_ name: String, _ options: String = "", ranks: Int = 1) throws -> [Data] {
          let (out, csv, npy) = ("\(name).safetensors", "\(name).csv", "\(name).npy")
          let output = try Program.run(
            words("embed \(checkpoint) --data \(Self.data) --json --output \(folder.path)/\(out) \(options)")
              + ["--csv", "\(folder.path)/\(csv)", "--npy", "\(folder.path)/\(npy)"], ranks: ranks)
          try #require(output.status == 0, "\(output)")
          let object = try output.object()
          #expect(object["images"] as? Int == 31 && object["features"] as? Int == 64)
          #expect(object["part"] as? String == "test" && object["kept_images"] as? Int == 0)
          #expect(object["path"] as? String == "\(folder.path)/\(out)")
          #expect(object["csv"] as? String == "\(folder.path)/\(csv)")
          #expect(try #require(object["images_per_s"] as? Double) > 0)
          let files = try [out, csv, npy].map { try Data(contentsOf: folder.appendingPathComponent($0)) }
          #expect(object["bytes"] as? Int == files[0].count)
          return files
        }
        let one = try embed("1", "--threads 1")
        for (name, ranks, options) in [("2", 2, ""), ("4", 4, ""), ("3", 1, "--threads 3")] {
          #expect(try embed(name, options, ranks: ranks) == one, "\(ranks) ranks \(options)")
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!left.contains { $0.hasSuffix(".partial") || $0.hasPrefix(".tmp") }, "\(left)")
      }
    }

    /// The features are those that k-NN compares, and the costs those that it reports.
    @Test func featuresAndCostsAreThoseOfEvaluations() throws {
      try Self.withCheckpoint { folder, checkpoint in
        func embedded(_ part: String, ranks: Int) throws -> (SafetensorsFile, share: Double) {
          let path = "\(folder.path)/\(part).safetensors"
          let output = try Program.run(
            words("embed \(checkpoint) --data \(Self.data) --part \(part) --output \(path) --json"),
            ranks: ranks)
          try #require(output.status == 0, "\(output)")
          return (
            try SafetensorsFile(contentsOf: path), try #require(try output.object()["macs_share"] as? Double)
          )
        }
        let (known, asked) = (try embedded("train", ranks: 2), try embedded("test", ranks: 1))
        #expect(known.0.shape(of: "features") == [50, 64] && asked.0.shape(of: "features") == [31, 64])
        let (neighbours, images) = (try known.0.floats("features"), try asked.0.floats("features"))
        let (labels, truth) = (try known.0.int64s("labels"), try asked.0.int64s("labels"))
        let right = (0..<31).count { image in
          let distances = (0..<50).map { other in
            (0..<64).reduce(0.0) { sum, feature in
              let gap = Double(images[image * 64 + feature]) - Double(neighbours[other * 64 + feature])
              return sum + gap * gap
            }
          }
          return labels[distances.firstIndex(of: distances.min()!)!] == truth[image]
        }
        let report = try Program.run(
          words("evaluate knn \(checkpoint) --data \(Self.data) --k 1 --metric euclidean --json")
        ).object()
        #expect(abs(try #require(report["top1"] as? Double) - 100 * Double(right) / 31) < 1e-9)
        #expect(abs(try #require(report["macs_share"] as? Double) - asked.share) < 1e-12)
        let gates = try Program.run(words("gates \(checkpoint) --data \(Self.data) --json")).object()
        let blocks = try #require(gates["blocks"] as? [[String: Any]])
        let open = try asked.0.int32s("open_channels")
        for (number, block) in blocks.enumerated() {
          let sum = (0..<31).reduce(0) { $0 + Int(open[$1 * blocks.count + number]) }
          #expect((block["open"] as? [Int])?.reduce(0, +) == sum)
        }
      }
    }

    /// Contract C2, at any moment after the first rows are on the disk.
    @Test(arguments: [(1, 2), (2, 1)])
    func goesOnWithTheSameBytesAfterBeingKilled(_ ranks: Int, ranksAfter: Int) throws {
      try Self.withCheckpoint { folder, checkpoint in
        let (whole, path) = ("\(folder.path)/whole.safetensors", "\(folder.path)/x.safetensors")
        let command = "embed \(checkpoint) --data shapes:8x4000 --threads 1 --json --output "
        let killed = try Self.interrupt(words(command + path), path, ranks: ranks) { job in
          for rank in job.ranks { kill(rank, SIGKILL) }
        }
        try #require(killed.status != 0, "\(killed)")
        #expect(!FileManager.default.fileExists(atPath: path))
        let output = try Program.run(words(command + path), ranks: ranksAfter)
        try #require(output.status == 0, "\(output)")
        #expect(try #require(try output.object()["kept_images"] as? Int) >= 16 * ranks)
        try #require(try Program.run(words(command + whole)).status == 0)
        #expect(
          try Data(contentsOf: URL(fileURLWithPath: path)) == Data(contentsOf: URL(fileURLWithPath: whole)))
        #expect(!FileManager.default.fileExists(atPath: path + ".partial"))
      }
    }

    @Test(arguments: [(SIGINT, 1), (SIGTERM, 2)])
    func stopsAsAskedAndGoesOn(_ signal: Int32, ranks: Int) throws {
      try Self.withCheckpoint { folder, checkpoint in
        let path = "\(folder.path)/x.safetensors"
        let command = words("embed \(checkpoint) --data shapes:8x4000 --threads 1 --output \(path)")
        let stopped = try Self.interrupt(command, path, ranks: ranks) { job in
          if let last = job.ranks.last { kill(last, signal) }
        }
        #expect(stopped.status == 75, "\(stopped)")
        let sentence =
          #/sluice: stopped as requested with the features of ([\d,]+) of 4,000 images: the same command resumes from there/#
        let done = try #require(stopped.errors.firstMatch(of: sentence), "\(stopped)").1.filter { $0 != "," }
        // Another network is not gone on with.
        let other = try Program.run(
          words("embed \(checkpoint) --data shapes:9x4000 --output \(path)"), ranks: ranks)
        #expect(other.status == 1)
        #expect(
          other.errors.contains(
            "x.safetensors.partial was started with different values (data: shapes:8x4000 → "),
          "\(other)")
        let resumed = try Program.run(command + ["--json"], ranks: 2)
        try #require(resumed.status == 0, "\(resumed)")
        #expect(try resumed.object()["kept_images"] as? Int == Int(done))
      }
    }

    /// Does `interruption` to a job that has remembered its first rows.
    private static func interrupt(
      _ command: [String], _ path: String, ranks: Int, _ interruption: (Job) -> Void
    ) throws -> Program.Output {
      let job = try Job(command, ranks: ranks)
      try job.wait { FileManager.default.fileExists(atPath: "\(path).partial/progress.json") }
      interruption(job)
      return try job.wait()
    }

    /// Whoever comes second writes nothing.
    @Test func theSecondSaysWhoIsAtWork() throws {
      try Self.withCheckpoint { folder, checkpoint in
        let path = "\(folder.path)/x.safetensors"
        let command = words("embed \(checkpoint) --data shapes:8x4000 --threads 1 --output \(path)")
        var second: Program.Output?
        let first = try Self.interrupt(command, path, ranks: 1) { job in
          kill(job.ranks[0], SIGSTOP)
          second = try? Program.run(command)
          kill(job.ranks[0], SIGCONT)
        }
        #expect(first.status == 0, "\(first)")
        #expect(second?.status == 1)
        #expect(second?.errors.contains("x.safetensors.partial is in use by process ") == true)
      }
    }

    /// An exported file, and a network without gates.
    @Test(arguments: [true, false]) func anExportGivesTheCheckpointsRows(gated: Bool) throws {
      try Self.withCheckpoint("gates.enabled=\(gated)") { folder, checkpoint in
        let export = "\(folder.path)/network.safetensors"
        try #require(try Program.run(words("export \(checkpoint) --output \(export)")).status == 0)
        let files = try [checkpoint, "--checkpoint \(export)"].enumerated().map { number, network in
          let path = "\(folder.path)/\(number).safetensors"
          let output = try Program.run(
            words("embed \(network) --data \(Self.data) --output \(path)"), ranks: 2)
          try #require(output.status == 0, "\(output)")
          #expect(output.result.contains("31 test images of \(Self.data), 64 features"), "\(output)")
          return try SafetensorsFile(contentsOf: path)
        }
        #expect(files[0].names.contains("open_channels") == gated)
        #expect(files[0].names == files[1].names)
        #expect(try files[0].int64s("macs") == files[1].int64s("macs"))
        // Both with this network's kernels on shards of their own size.
        let (a, b) = (try files[0].floats("features"), try files[1].floats("features"))
        #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 1e-5 * max(abs($0), 1) })
      }
    }

    /// Images without labels, by the names that a list gives them.
    @Test func aListIsEmbeddedInItsOrder() throws {
      try Self.withCheckpoint { folder, checkpoint in
        let tree = try MadeTree.pets(in: folder.appendingPathComponent("tree"))
        try tree.write("images.txt", "train/dog/2.png\nval/cat/1.png\n")
        let paths = ["x", "y"].map { "\(folder.path)/\($0)" }
        for (path, data) in zip(paths, ["list:\(tree.path)/images.txt", "folder:\(tree.path)"]) {
          let output = try Program.run(
            words(
              "embed \(checkpoint) --data \(data) --part train --output \(path).safetensors --csv \(path).csv"
            ),
            ranks: 2)
          try #require(output.status == 0, "\(output)")
        }
        let lines = try String(contentsOfFile: paths[0] + ".csv", encoding: .utf8).split(separator: "\n")
        #expect(
          lines.map {
            $0.split(separator: ",", omittingEmptySubsequences: false)[..<4].joined(separator: "|")
          } == [
            "index|name|label|class", "0|train/dog/2.png||", "1|val/cat/1.png||",
          ])
        let (listed, whole) = (
          try SafetensorsFile(contentsOf: paths[0] + ".safetensors"),
          try SafetensorsFile(contentsOf: paths[1] + ".safetensors")
        )
        #expect(!listed.names.contains("labels") && whole.names.contains("labels"))
        #expect(
          listed.metadata["class_names"] == nil && whole.metadata["class_names"] == "[\"cat\", \"dog\"]")
        // Of the tree's eight, the seventh.
        #expect(try listed.floats("features")[..<64] == whole.floats("features")[6 * 64..<7 * 64])
      }
    }

    static let hasNumPy = Python.has("numpy")

    @Test(.enabled(if: hasNumPy, "python3 has no numpy: pip install numpy")) func numPyReadsTheMatrix() throws
    {
      try Self.withCheckpoint { folder, checkpoint in
        let path = "\(folder.path)/x"
        let output = try Program.run(
          words("embed \(checkpoint) --data \(Self.data) --output \(path).safetensors --npy \(path).npy"))
        try #require(output.status == 0, "\(output)")
        let found = try Python.run(
          """
          import numpy, sys
          matrix = numpy.load(sys.argv[1])
          print(matrix.dtype, matrix.shape, matrix.flags.c_contiguous)
          matrix.tofile(sys.argv[2])
          """, [path + ".npy", path + ".raw"])
        #expect(found.result == "float32 (31, 64) True\n", "\(found)")
        let numbers = try SafetensorsFile(contentsOf: path + ".safetensors").floats("features")
        #expect(
          try Data(contentsOf: URL(fileURLWithPath: path + ".raw")) == numbers.withUnsafeBytes { Data($0) })
      }
    }

    /// A pipe takes a table as it is made.
    @Test func standardOutputTakesATable() throws {
      try Self.withCheckpoint { folder, checkpoint in
        let output = try Tool.run([
          "bash", "-c",
          "'\(Program.path)' embed \(checkpoint) --data \(Self.data) -q --output '\(folder.path)/x.safetensors' "
            + "--csv >(wc -l) > /dev/null; wait $!",
        ])
        #expect(output.status == 0 && output.result == "32\n", "\(output)")
      }
    }

    /// A table that cannot be written costs no row.
    @Test func aTableWithoutRoomLeavesTheRows() throws {
      try Self.withCheckpoint { folder, checkpoint in
        let command = words(
          "embed \(checkpoint) --data \(Self.data) --output \(folder.path)/x.safetensors --json")
        let full = try Program.run(command + ["--csv", "/dev/full"], ranks: 2)
        #expect(full.status == 1)
        #expect(
          full.lines.last?.hasSuffix("/dev/full: cannot be written: No space left on device") == true,
          "\(full)")
        let output = try Program.run(command)
        #expect(try output.object()["kept_images"] as? Int == 31 && output.object()["images_per_s"] is NSNull)
      }
    }

    /// What is there of the file stays.
    @Test func aDiskWithoutRoomIsOneSentence() throws {
      try Self.withCheckpoint { folder, checkpoint in
        let path = "\(folder.path)/x.safetensors"
        try Data("old".utf8).write(to: URL(fileURLWithPath: path))
        let output = try Program.run(
          words("embed \(checkpoint) --data \(Self.data) --output \(path)"),
          after: "trap '' XFSZ; ulimit -S -f 4")
        #expect(output.status == 1)
        #expect(
          output.lines == ["sluice: \(path).partial/rows.safetensors: cannot be written: File too large"],
          "\(output)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
      }
    }
  }
}
