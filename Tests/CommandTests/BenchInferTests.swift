import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// `sluice bench infer`: what it prints, never how long it takes.
  @Suite struct BenchInfer {
    private static let small = words(
      "bench infer --quiet --threads 1 --batch 1,4 --rounds 1 --set network.width=16")

    @Test(arguments: [1, 2]) func everyBatchAndDensityHasARow(ranks: Int) throws {
      let output = try Program.run(Self.small + ["--density", "0,0.5,1", "--json"], ranks: ranks)
      try #require(output.status == 0, "\(output)")
      let object = try output.object()
      #expect(object["network"] as? String == "ResNet-18 of width 16" && object["size"] as? Int == 32)
      let rows = try #require(object["rows"] as? [[String: Any]])
      #expect(rows.map { $0["batch"] as? Int } == [1, 1, 1, 4, 4, 4])
      #expect(rows.map { $0["density"] as? Double } == [0, 0.5, 1, 0, 0.5, 1])
      for row in rows {
        for way in ["dense", "masked", "compact"] {
          let times = try #require(row[way] as? [String: Any])
          let percentiles = try ["p50_ms", "p90_ms", "p99_ms"].map { try #require(times[$0] as? Double) }
          #expect(percentiles == percentiles.sorted() && percentiles[0] > 0)
          #expect(try #require(times["images_per_s"] as? Double) > 0)
        }
        #expect(try #require(row["feature_distance"] as? Double) <= 1e-5)
        #expect(row["images_with_other_masks"] as? Int == 0)
        let density = try #require(row["density"] as? Double)
        let groups = try #require(row["closed_groups"] as? [String: Double])
        #expect(groups.keys.sorted() == ["16", "8"])
        if density == 0 { #expect(groups == ["8": 1, "16": 1]) }
        if density == 1 { #expect(groups == ["8": 0, "16": 0]) }
        #expect(try #require(row["macs_share"] as? Double) > (density == 1 ? 0.99 : 0))
      }
    }

    /// A run's own gates on real images.
    @Test func aCheckpointsGatesDecide() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let trained = try Program.run(small.command("max_steps=2"))
        try #require(trained.status == 0, "\(trained)")
        let output = try Program.run(
          words("bench infer --threads 1 --batch 2,5 --rounds 1 --json --data shapes:24x32 --checkpoint")
            + [small.checkpoint(2).path])
        try #require(output.status == 0, "\(output)")
        let rows = try #require(try output.object()["rows"] as? [[String: Any]])
        #expect(rows.count == 2 && rows.allSatisfy { $0["density"] is NSNull })
        #expect(try rows.allSatisfy { try #require($0["feature_distance"] as? Double) <= 1e-5 })
      }
    }

    @Test func whatIsForPeopleNamesTheThreeWays() throws {
      let output = try Program.run(Self.small + ["--density", "0.3"])
      try #require(output.status == 0, "\(output)")
      for text in ["dense", "masked", "compact", "groups of 8", "Latency of one image in ms"] {
        #expect(output.result.contains(text), "\(text) in \(output.result)")
      }
    }

    /// Both ways to evaluate a checkpoint agree on every answer.
    @Test func computeDenseIsToCompareWith() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let trained = try Program.run(small.command("max_steps=2"))
        try #require(trained.status == 0, "\(trained)")
        let answers = try ["compact", "dense"].map { compute in
          let output = try Program.run(
            words("evaluate knn --k 3 --json --data shapes:24x32 --compute \(compute) --checkpoint")
              + [small.checkpoint(2).path])
          try #require(output.status == 0, "\(output)")
          let object = try output.object()
          return try [#require(object["top1"] as? Double), #require(object["macs_share"] as? Double)]
        }
        #expect(answers[0] == answers[1])
      }
    }
  }
}
