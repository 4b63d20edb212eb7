import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// `sluice bench collectives`: what it says, not how fast anything is.
  @Suite struct BenchCollectives {
    private func run(
      _ options: String, ranks: Int, settings: [String] = []
    ) throws -> Program.Output {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        return try Program.run(
          ["bench", "collectives", small.configuration.path] + settings.flatMap { ["--set", $0] }
            + words(options), ranks: ranks)
      }
    }

    @Test(arguments: ["f32", "bf16"])
    func measuresAndPlansBetweenRanks(precision: String) throws {
      let output = try run(
        "--batch 8 --steps 2 --plan --nodes 1,2,6 --json", ranks: 2,
        settings: ["gradients.precision=\(precision)"])
      #expect(output.status == 0, "\(output)")
      let object = try output.object()
      #expect(object["ranks"] as? Int == 2)
      #expect(object["hosts"] as? Int == 1)
      #expect(object["images_per_rank"] as? Int == 8)
      // Two views of 16 floats each.
      #expect(object["embedding_bytes"] as? Int == 8 * 2 * 16 * 4)
      let bytes = try #require(object["gradient_bytes"] as? Int)
      #expect(bytes % (precision == "f32" ? 4 : 2) == 0)
      for key in [
        "barrier_us", "small_gather_us", "embedding_gather_ms", "gradient_sum_ms", "latency_us",
        "bandwidth_gbit", "step_ms",
      ] {
        let value = try #require(object[key] as? Double, "\(key)")
        #expect(value > 0 && value.isFinite, "\(key)")
      }
      let share = try #require(object["hidden_share"] as? Double)
      #expect(share <= 1)

      let plan = try #require(object["plan"] as? [[String: Any]])
      #expect(plan.compactMap { $0["nodes"] as? Int } == [1, 2, 6])
      let alone = try #require(plan[0]["step_ms"] as? Double)
      #expect(plan[0]["compute_ms"] as? Double == alone)
      #expect(plan[0]["efficiency"] as? Double == 1)
      for planned in plan.dropFirst() {
        // More nodes compute as fast and wait for each other besides.
        let step = try #require(planned["step_ms"] as? Double)
        #expect(planned["compute_ms"] as? Double == alone)
        #expect(step > alone)
        #expect(abs(try #require(planned["efficiency"] as? Double) - alone / step) < 1e-9)
      }
    }

    @Test func halvedTrafficIsSeen() throws {
      func bytes(_ precision: String) throws -> Int? {
        try run("--json", ranks: 2, settings: ["gradients.precision=\(precision)"])
          .object()["gradient_bytes"] as? Int
      }
      let wide = try #require(try bytes("f32"))
      #expect(try bytes("bf16") == wide / 2)
    }

    @Test func plansForADescribedNetworkOnOneRank() throws {
      let output = try run(
        "--plan --nodes 1,4 --ranks-per-node 2 --latency 20 --bandwidth 10 --step-ms 100 --json", ranks: 1)
      #expect(output.status == 0, "\(output)")
      let object = try output.object()
      #expect(object["ranks"] == nil)
      #expect(abs(try #require(object["latency_us"] as? Double) - 20) < 1e-9)
      #expect(abs(try #require(object["bandwidth_gbit"] as? Double) - 10) < 1e-9)
      let plan = try #require(object["plan"] as? [[String: Any]])
      #expect(plan.compactMap { $0["ranks"] as? Int } == [2, 8])
      for planned in plan {
        #expect(abs(try #require(planned["compute_ms"] as? Double) - 100) < 1e-9)
      }
    }

    @Test func tableIsForAPerson() throws {
      let output = try run("--plan --nodes 2,8 --latency 20 --bandwidth 10", ranks: 1)
      #expect(output.status == 0, "\(output)")
      let lines = output.result.split(separator: "\n")
      let title = try #require(lines.firstIndex { $0.contains("efficiency") })
      #expect(lines[title...].count == 3)
      #expect(lines[(title + 1)...].allSatisfy { $0.contains("%") })
    }

    @Test(arguments: [
      ("--batch 0", "Error: --batch must be at least 1, got 0."),
      ("--steps=-1", "Error: --steps must be at least 0, got -1."),
      ("--ranks-per-node 0", "Error: --ranks-per-node must be at least 1, got 0."),
      ("--plan --nodes 2,x", "Error: --nodes takes numbers of nodes, for example 2,4,8, got '2,x'."),
      ("--plan --nodes 0", "Error: --nodes takes numbers of nodes, for example 2,4,8, got '0'."),
      ("--plan --latency 5", "Error: Give --latency and --bandwidth together, or neither."),
      ("--latency 5 --bandwidth 1", "Error: --latency is for --plan."),
      ("--plan --latency 0 --bandwidth 1", "Error: --latency must be above 0, got 0.0."),
    ])
    func wrongUsageIsExplained(options: String, sentence: String) throws {
      let output = try run(options, ranks: 1)
      #expect(output.status == 64)
      #expect(output.lines.filter { $0.hasPrefix("Error: ") } == [sentence])
    }

    @Test(arguments: [
      (
        1, "--plan",
        "one rank has no one to exchange data with: start several with scripts/launch, or plan with --latency and "
          + "--bandwidth"
      ),
      (
        2, "--batch 6",
        "batch.global 12 is not a whole number of shards of batch.shard 4 for each of 2 ranks: use batch.global "
          + "8 or batch.global 16 or batch.shard 3"
      ),
    ])
    func mistakesAreOneSentence(ranks: Int, options: String, sentence: String) throws {
      let output = try run(options, ranks: ranks)
      #expect(output.status == 1)
      #expect(output.result == "")
      #expect(output.lines == ["sluice: \(sentence)"])
    }
  }
}
