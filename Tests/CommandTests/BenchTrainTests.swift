import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// `sluice bench train`: what it prints, never how long it takes.
  @Suite struct BenchTrain {
    private static let small = words(
      "bench train --batch 8 --steps 3 --warmup 1 --threads 1 --set network.width=8 "
        + "--set objective.simclr.projector=[32,16]")
    private static let parts: Set = [
      "convolution_forward", "convolution_backward_data", "convolution_backward_weights", "elementwise",
      "gate", "loss", "communication", "gradients", "optimizer", "data", "other",
    ]

    @Test(arguments: [1, 2]) func partsAddUpToTheStep(ranks: Int) throws {
      let output = try Program.run(Self.small + ["--json"], ranks: ranks)
      try #require(output.status == 0, "\(output)")
      let object = try output.object()
      let step = try #require(object["step_ms"] as? Double)
      let breakdown = try #require(object["breakdown_ms"] as? [String: Double])
      #expect(Set(breakdown.keys) == Self.parts)
      #expect(abs(breakdown.values.reduce(0, +) - step) < 1e-6 * step)
      #expect(breakdown.values.allSatisfy { $0 >= 0 }, "\(breakdown)")
      #expect(try #require(breakdown["convolution_forward"]) > 0)
      #expect(breakdown["data"] == 0)
      let views = try #require(object["views_per_s"] as? Double)
      #expect(abs(views * step / 16000 - 1) < 1e-9)
      #expect(try #require(object["peak_rss_mb"] as? Double) > 10)
      for (key, value) in ["ranks": ranks, "threads": 1, "size": 32, "batch": 8, "shard": 8 / ranks] {
        #expect(object[key] as? Int == value, "\(key)")
      }
      #expect(object["objective"] as? String == "simclr" && object["gated"] as? Bool == true)
      let share = try #require(object["macs_share"] as? Double)
      #expect(share > 0 && share < 1 && object["multiplies_closed"] as? Bool == false)
      #expect(object["settings"] as? [String: String] == ["objective.simclr.projector": "[32, 16]"])
      let sum = try #require(object["gradient_sum_ms"] as? [String: Any])
      #expect(sum["alone"] is Double == (ranks > 1))
      #expect(object["hidden_share"] is Double == (ranks > 1))
      if ranks > 1 {
        #expect(try #require(breakdown["communication"]) > 0)
        #expect(try #require(sum["total"] as? Double) >= #require(sum["exposed"] as? Double))
      }
      #expect(output.lines.last?.hasPrefix("step 3/3  ") == true, "\(output.lines)")
    }

    @Test func optionsDecideWhatIsTimed() throws {
      let command = Self.small + words("--json --quiet --objective simsiam --size 16 --set batch.shard=2")
      let gated = try Program.run(command).object()
      let output = try Program.run(command + ["--dense"])
      let object = try output.object()
      #expect(object["gated"] as? Bool == false && object["objective"] as? String == "simsiam")
      #expect(object["size"] as? Int == 16 && object["shard"] as? Int == 2)
      #expect(
        try #require(object["parameters"] as? Int) < #require(gated["parameters"] as? Int))
      #expect(output.lines == [])
      #expect(object["macs_share"] as? Double == 1)
      let multiplied = try Program.run(command + ["--multiply-closed"]).object()
      #expect(multiplied["multiplies_closed"] as? Bool == true)
      #expect(multiplied["macs_share"] as? Double == gated["macs_share"] as? Double)
    }

    @Test func theLoadersBatchesAreWaitedFor() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(
          ["bench", "train", small.configuration.path] + words("--loader --steps 2 --warmup 0 --json"))
        let object = try output.object()
        #expect(object["loader"] as? Bool == true && object["batch"] as? Int == 32)
        #expect(try #require((object["breakdown_ms"] as? [String: Double])?["data"]) > 0)
      }
    }

    @Test func theTableNamesEveryPart() throws {
      let output = try Program.run(Self.small, ranks: 2)
      #expect(output.result.hasPrefix("ResNet-18 of width 8 at 32×32, gated, simclr, 8 images a step "))
      for row in Self.parts.map({ $0.replacing("_", with: " ") }) + ["peak memory", "sum of gradients"] {
        #expect(output.result.contains("\n\(row)  "), "\(row)")
      }
    }
  }
}
