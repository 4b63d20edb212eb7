import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// What commands print where.
  @Suite struct Results {
    static let presets = [
      "cifar10-simsiam", "cifar10-simclr", "cifar100-simsiam", "cifar100-simclr", "imagenet100-simsiam",
      "imagenet100-simclr", "cifar10-quick", "shapes-quick",
      "tiny-imagenet100-simsiam", "tiny-imagenet100-simclr", "tiny-imagenet100-quick",
    ]

    static func path(_ preset: String) -> String {
      Program.configurations.appendingPathComponent(preset + ".yaml").path
    }

    /// Contract C6.
    @Test(arguments: [
      ("imagenet100-simsiam", 1_813_561_344), ("imagenet100-simclr", 1_813_561_344),
      ("cifar10-simsiam", 703_560_448), ("cifar100-simsiam", 703_560_448),
    ])
    func macsOfThePapersNetworks(preset: String, dense: Int) throws {
      let output = try Program.run(["macs", Self.path(preset), "--json"])
      let object = try output.object()
      #expect(object["dense_macs"] as? Int == dense)
      let layers = try #require(object["layers"] as? [[String: Any]])
      #expect(layers.compactMap { $0["dense_macs"] as? Int }.reduce(0, +) == dense)
      let gated = try #require(object["gated_macs"] as? Int)
      #expect(layers.compactMap { $0["gated_macs"] as? Int }.reduce(0, +) == gated)
      #expect(abs(Double(gated) / Double(dense) - 0.5) < 0.01)
      #expect(output.lines == [])
    }

    @Test func macsOfACheckpointAreItsConfigurations() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let trained = try Program.run(small.command("max_steps=1"))
        try #require(trained.status == 0, "\(trained)")
        let checkpoint = try Program.run(["macs", "--checkpoint", small.checkpoint(1).path, "--json"])
        let configuration = try Program.run(["macs", small.configuration.path, "--json"], ranks: 2)
        #expect(try checkpoint.object() as NSDictionary == configuration.object() as NSDictionary)
      }
    }

    @Test func kNNIsTheSameOnAnyRanks() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let trained = try Program.run(small.command("max_steps=2"))
        try #require(trained.status == 0, "\(trained)")
        // Neither count is a multiple of ranks or shards.
        let command = words(
          "evaluate knn --checkpoint \(small.run.path)/checkpoints/latest --data shapes:50x31")
        let one = try Program.run(command + ["--json"])
        let three = try Program.run(command + ["--json"], ranks: 3)
        #expect(one.result == three.result)
        let object = try one.object()
        #expect(object["images"] as? Int == 31)
        for key in ["top1", "top5", "macs_share"] { #expect(object[key] is Double, "\(key)") }
        // Training records the same object.
        let recorded = try #require(try small.metrics().last { $0["evaluation"] != nil })
        let evaluation = try #require(recorded["evaluation"] as? [String: Any])
        #expect(evaluation.keys.sorted() == object.keys.sorted())
        let table = try Program.run(command + words("--k 1 --metric euclidean"))
        #expect(table.result.contains("on 31 images"))
      }
    }

    @Test(arguments: [1, 2]) func trainingPrintsOnlyItsSummaryOnStandardOutput(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("max_steps=2") + ["--json"], ranks: ranks)
        let object = try output.object()
        #expect(object["steps"] as? Int == 2)
        #expect(object["checkpoint"] as? String == small.run.path + "/checkpoints/latest")
        let evaluation = try #require(object["evaluation"] as? [String: Any])
        for key in ["top1", "top5", "images", "macs_share"] { #expect(evaluation[key] != nil, "\(key)") }
        let text = try Program.run(small.command("max_steps=2"), ranks: ranks)
        #expect(
          text.result.split(separator: "\n").map { $0.prefix { $0 != ":" } } == [
            "k-NN top-1", "MACs", "speed", "checkpoint", "environment",
          ])
      }
    }

    @Test(arguments: presets) func aPrintedConfigurationReadsBackTheSame(preset: String) throws {
      try withTemporaryFolder { folder in
        let first = try Program.run(["pretrain", Self.path(preset), "--print-config", "--set", "seed=7"])
        #expect(first.status == 0 && first.lines == [])
        #expect(first.result.contains("\nseed: 7\n"))
        let copy = folder.appendingPathComponent("copy.yaml")
        try first.result.write(to: copy, atomically: true, encoding: .utf8)
        let second = try Program.run(["pretrain", copy.path, "--print-config"])
        #expect(second.result == first.result)
      }
    }

    /// Printed once, however many ranks.
    @Test(arguments: [
      (
        "",
        ["pretrain", "sweep", "runs", "evaluate", "macs", "embed", "bench", "doctor", "--version", "--help"]
      ),
      (
        "pretrain",
        [
          "<CONFIG>", "--set", "--run", "--resume", "--progress", "--quiet", "--print-config", "--dry-run",
          "--json",
        ]
      ),
      (
        "sweep",
        [
          "<CONFIG>", "--targets", "--seeds", "--set", "--run", "--only", "--array", "--take-over",
          "--progress",
          "--json",
        ]
      ),
      ("runs", ["list", "show", "export"]), ("runs list", ["<DIR>", "--best", "--where", "--json"]),
      ("checkpoint list", ["<RUN>", "--json"]), ("checkpoint verify", ["<RUN>", "--json"]),
      ("checkpoint prune", ["<RUN>", "--keep", "--dry-run", "--json"]),
      ("runs show", ["<RUN>", "--json"]), ("runs export", ["<DIR>", "--output", "--best", "--where"]),
      ("evaluate", ["knn"]),
      (
        "evaluate knn", ["--checkpoint", "--data", "--k", "--metric", "--temperature", "--threads", "--json"]
      ),
      (
        "embed",
        [
          "--checkpoint", "--data", "--part", "--output", "--csv", "--npy", "--classes", "--on-error",
          "--threads",
          "--take-over", "--progress", "--quiet", "--json",
        ]
      ),
      ("macs", ["<CONFIG>", "--checkpoint", "--set", "--json"]),
      ("bench", ["train", "loader"]),
      (
        "bench loader",
        [
          "<DATA>", "--set", "--size", "--threads", "--images", "--batch", "--classes", "--progress",
          "--quiet",
          "--json",
        ]
      ),
      (
        "bench train",
        [
          "<CONFIG>", "--set", "--size", "--batch", "--threads", "--steps", "--warmup", "--objective",
          "--dense", "--loader", "--progress", "--quiet", "--json",
        ]
      ),
      ("doctor", ["--run", "--json"]),
    ])
    func helpNamesEveryOption(command: String, options: [String]) throws {
      for ranks in [1, 2] {
        let output = try Program.run(words(command) + ["--help"], ranks: ranks)
        #expect(output.status == 0 && output.lines == [])
        for option in options { #expect(output.result.contains(option), "\(command) \(option)") }
        #expect(output.result.components(separatedBy: "USAGE: ").count == 2, "\(ranks) ranks")
      }
    }

    /// The similarities of one rank of 64 are the only matrix of their size, and no other is larger: what is added besides
    /// are copies of all embeddings, in the layouts that products take.
    @Test func lossOfOneRankOfMany() throws {
      let output = try Program.run(words("bench loss --repeats 1 --json"))
      let object = try output.object()
      for (key, value) in ["local": 256, "global": 16_384, "dimension": 128, "ranks": 64, "threads": 1] {
        #expect(object[key] as? Int == value, "\(key)")
      }
      for key in ["loss_ms", "sgemm_ms", "sgemm_share", "peak_rss_mb", "loss"] {
        #expect(try #require(object[key] as? Double, "\(key)") > 0)
      }
      #expect(object["largest_matrix_mb"] as? Double == 4e-6 * 256 * 16_384)
      let numbers = 16_384 * (256 + 3 * 128)
      #expect(try #require(object["added_mb"] as? Double) < 4e-6 * Double(numbers))
      #expect(output.lines == [])

      let small = words("bench loss --embeddings 64 --dimension 4 --ranks 2 --repeats 2 --threads 2")
      for ranks in [1, 2] {
        let text = try Program.run(small, ranks: ranks).result
        #expect(text.contains("32 embeddings against 64 of 4 dimensions, one of 2 ranks"))
        #expect(text.components(separatedBy: "memory added").count == 2, "told once")
      }
    }
  }
}
