import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// A budget in milliseconds: the table that is measured once, and runs that are trained with it.
  @Suite struct Latency {
    /// Written by hand: a channel of `SmallRun`'s network takes 2 µs, an image from 100 to 580 µs.
    private static let table =
      """
      # written by hand
      - family=resnet depth=18 width=8 input_size=32 dense_macs=8871936 group=1
      - batch=4 threads=1 dense=600.0 fixed=100.0

      """
      + zip([8, 16, 32, 64], 1...4).flatMap { channels, stage in
        (0...1).map { "- gate=layer\(stage).\($0).gate channels=\(channels) open_channel=2.0\n" }
      }.joined()

    /// The settings of a run to 300 µs, whose table is in a file of the folder.
    private static func settings(in folder: URL) throws -> [String] {
      let path = folder.appendingPathComponent("latency.yaml")
      try table.write(to: path, atomically: true, encoding: .utf8)
      return ["gates.latency_table=\(path.path)", "gates.target=300us"]
    }

    /// Contracts C1 and C2: the table decides the bits, on any ranks, with an interruption and without the file.
    @Test func ranksAndAnInterruptionWriteTheSameCheckpoint() throws {
      let checkpoints = try [(1, [4]), (2, [4]), (1, [2, 4])].map { ranks, stops in
        try withTemporaryFolder { folder in
          let small = try SmallRun(in: folder)
          var (configuration, settings) = (small.configuration, try Self.settings(in: folder))
          for stop in stops {
            let output = try Program.run(
              ["pretrain", configuration.path, "--run", small.run.path]
                + (settings + ["max_steps=\(stop)"]).flatMap { ["--set", $0] }, ranks: ranks)
            try #require(output.status == 0, "\(output)")
            #expect(output.lines.contains { $0.contains(" ms an image") })
            // The run has its table, so that the file is not needed again.
            try? FileManager.default.removeItem(at: folder.appendingPathComponent("latency.yaml"))
            (configuration, settings) = (small.run.appendingPathComponent("config.yaml"), [])
          }
          // Channels that are open without noise, in µs: what the run is pulled to. Those of the log have noise.
          for line in try small.metrics() where line["loss"] != nil {
            let latency = try #require(line["latency_ms"] as? Double)
            let densities = try #require(line["density"] as? [Double])
            let open = zip(densities, [8, 8, 16, 16, 32, 32, 64, 64]).reduce(0) { $0 + $1.0 * $1.1 }
            let decided = (1000 * latency - 100) / 2
            #expect(abs(decided - open) > 0.01)
            // Of two views of 32 images.
            #expect(abs(64 * decided - (64 * decided).rounded()) < 1e-6 && (0...240).contains(decided))
            let budget = try #require(line["budget"] as? Double)
            #expect(budget > 0 && (line["macs_share"] as? Double).map { $0 > 0 && $0 < 1.1 } == true)
          }
          return try contents(of: small.checkpoint(4))
        }
      }
      for other in checkpoints.dropFirst() { expectEqual(other, checkpoints[0]) }
    }

    /// Another table is another run.
    @Test func anotherTableIsRefused() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let settings = try Self.settings(in: folder).flatMap { ["--set", $0] }
        let first = try Program.run(small.command("max_steps=1") + settings)
        try #require(first.status == 0, "\(first)")
        try Self.table.replacing("fixed=100.0", with: "fixed=101.0")
          .write(to: folder.appendingPathComponent("latency.yaml"), atomically: true, encoding: .utf8)
        let refused = try Program.run(small.command("max_steps=2") + settings)
        #expect(refused.status == 1)
        #expect(
          refused.errors.contains(
            /different configuration \(gates.latency_table: table [0-9a-f]{8} of 8 gates → table [0-9a-f]{8} of 8 gates\)/
          ), "\(refused)")
      }
    }

    @Test(arguments: [1, 2]) func mistakesAreOneSentence(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let settings = try Self.settings(in: folder).flatMap { ["--set", $0] }
        for (setting, sentence) in [
          ("gates.target=90us", "gates.target 0.09ms is out of reach: "),
          ("network.width=16", "gates.latency_table is of a ResNet-18 of width 8 at 32×32 "),
          ("gates.latency_table=none", "gates.target 0.3ms needs a table of what open channels take: "),
        ] {
          let output = try Program.run(small.command() + settings + ["--set", setting], ranks: ranks)
          #expect(output.status == 1)
          #expect(output.lines.count == 1 && output.errors.contains("sluice: \(sentence)"), "\(output)")
        }
      }
    }

    /// What it holds, never how long anything takes.
    @Test func whatIsMeasuredIsATable() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let path = folder.appendingPathComponent("measured.yaml").path
        let output = try Program.run(
          words("bench latency --quiet --json --threads 1 --rounds 1 --batch 2")
            + [small.configuration.path, "--size", "32", "--write", path])
        try #require(output.status == 0, "\(output)")
        let object = try output.object()
        let gates = try #require(object["gates"] as? [[String: Any]])
        #expect(gates.compactMap { $0["channels"] as? Int } == [8, 8, 16, 16, 32, 32, 64, 64])
        #expect(try gates.allSatisfy { try #require($0["open_channel_us"] as? Double) >= 0 })
        let dense = try #require(object["dense_us"] as? Double)
        let fixed = try #require(object["fixed_us"] as? Double)
        #expect(dense > 0 && fixed >= 0)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 11 && lines[0].hasPrefix("# Microseconds of an image in evaluation"))
        #expect(lines[1] == "- family=resnet depth=18 width=8 input_size=32 dense_macs=8871936 group=1")
        // The file is read, and its network is this one; an hour is more than any image takes.
        let refused = try Program.run(
          small.command("gates.latency_table=\(path)", "gates.target=3600000ms"))
        #expect(refused.errors.contains("gates.target 3600000ms is out of reach"), "\(refused)")
      }
    }
  }
}
