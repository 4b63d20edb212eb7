import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// What evaluations of a checkpoint print, alike on any number of ranks.
  @Suite struct Evaluations {
    private static let data = "shapes:50x31"

    /// A run of two steps, and the words that evaluate its checkpoint.
    private static func withCheckpoint(_ body: (SmallRun, _ checkpoint: String) throws -> Void) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let trained = try Program.run(small.command("max_steps=2"))
        try #require(trained.status == 0, "\(trained)")
        try body(small, "--checkpoint \(small.run.path)/checkpoints/latest --data \(data)")
      }
    }

    @Test func resultsAreTheSameOnAnyRanks() throws {
      try Self.withCheckpoint { small, checkpoint in
        for command in [
          "evaluate knn \(checkpoint) --features projector", "evaluate linear \(checkpoint) --seeds 3,4",
          "evaluate linear \(checkpoint) --solver sgd --epochs 2", "evaluate transfer \(checkpoint)",
          "gates \(checkpoint)", "macs \(checkpoint)",
        ] {
          let one = try Program.run(words(command) + ["--json"])
          #expect(one.status == 0, "\(one)")
          let three = try Program.run(words(command) + ["--json"], ranks: 3)
          #expect(one.result == three.result, "\(command)")
        }
      }
    }

    @Test func linearReportsEverySeed() throws {
      try Self.withCheckpoint { _, checkpoint in
        let object = try Program.run(words("evaluate linear \(checkpoint) --seeds 3,4 --json")).object()
        #expect(object["seeds"] as? [Int] == [3, 4])
        #expect(object["images"] as? Int == 31 && object["training_images"] as? Int == 50)
        for key in ["top1", "top5", "macs_share", "top1_std"] { #expect(object[key] is Double, "\(key)") }
        let layers = try #require(object["layers"] as? [[String: Any]])
        #expect((layers[0]["runs"] as? [[String: Any]])?.count == 2)
        let stages = try Program.run(words("evaluate transfer \(checkpoint)"))
        #expect(
          stages.result.split(separator: "\n").dropFirst().map { $0.prefix(6) } == [
            "layer1", "layer2", "layer3", "layer4",
          ])
      }
    }

    /// What training recorded, `gates` and `macs` measure the same.
    @Test func measuredMACsAreThoseThatTrainingRecorded() throws {
      try Self.withCheckpoint { small, checkpoint in
        // The run's own test images.
        let source = try #require(
          try small.metrics().last { $0["evaluation"] != nil }?["evaluation"] as? [String: Any])
        let recorded = try #require(source["macs_share"] as? Double)
        let own = checkpoint.replacingOccurrences(of: Self.data, with: "shapes:96x32")
        let macs = try Program.run(words("macs \(own) --json")).object()
        let measured = try #require(macs["measured"] as? [String: Any])
        #expect(abs(try #require(measured["macs_share"] as? Double) - recorded) < 1e-12)
        let gates = try Program.run(words("gates \(own) --json")).object()
        let share = try #require(gates["macs_share"] as? [String: Any])
        #expect(abs(try #require(share["mean"] as? Double) - recorded) < 1e-12)
        let blocks = try #require(gates["blocks"] as? [[String: Any]])
        for block in blocks {
          let open = try #require(block["open"] as? [Int])
          let byClass = try #require(block["open_by_class"] as? [[Int]])
          for (channel, count) in open.enumerated() {
            #expect(byClass.reduce(0) { $0 + $1[channel] } == count)
          }
        }
      }
    }

    @Test func mistakesGetASentence() throws {
      try Self.withCheckpoint { small, checkpoint in
        for (command, status, sentence) in [
          ("evaluate linear \(checkpoint) --seeds 1,1", 64, "different whole numbers"),
          ("evaluate linear \(checkpoint) --seeds x", 64, "different whole numbers"),
          ("evaluate linear \(checkpoint) --epochs 0", 64, "--epochs must be from 1"),
          ("macs \(small.configuration.path) --data shapes", 64, "a configuration has no weights"),
        ] {
          let output = try Program.run(words(command), ranks: 2)
          #expect(output.status == Int32(status), "\(command)")
          #expect(output.lines.joined().contains(sentence), "\(command): \(output.lines)")
        }
      }
    }

    @Test func aNetworkWithoutGatesHasNoneToShow() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let trained = try Program.run(small.command("max_steps=1", "gates.enabled=false"))
        try #require(trained.status == 0, "\(trained)")
        let checkpoint = "--checkpoint \(small.run.path)/checkpoints/latest --data \(Self.data)"
        let gates = try Program.run(words("gates \(checkpoint)"), ranks: 2)
        #expect(gates.status == 1)
        #expect(gates.lines.joined().contains("a network without gates"))
        #expect(try Program.run(words("macs \(checkpoint)")).status == 0)
      }
    }

    /// The probe learns from the features and leaves no trace in them, and is there after a resumption.
    @Test(arguments: [1, 2]) func theProbeChangesNoBitOfTheNetwork(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        func train(_ name: String, _ settings: String...) throws -> URL {
          let run = folder.appendingPathComponent(name)
          for setting in settings {
            let command =
              words("pretrain \(small.configuration.path) -q --run \(run.path)")
              + setting.split(separator: " ").flatMap { ["--set", String($0)] }
            let output = try Program.run(command, ranks: ranks)
            try #require(output.status == 0, "\(output)")
          }
          return run.appendingPathComponent("checkpoints/latest")
        }
        let with = try train("with", "max_steps=3")
        let without = try train("without", "max_steps=3 evaluate.probe=false")
        let resumed = try train("resumed", "max_steps=2", "max_steps=3")
        for file in ["model.safetensors", "optimizer.safetensors"] {
          let bytes = try Data(contentsOf: with.appendingPathComponent(file))
          #expect(try Data(contentsOf: without.appendingPathComponent(file)) == bytes, "\(file)")
        }
        let probe = try Data(contentsOf: with.appendingPathComponent("probe.safetensors"))
        #expect(try Data(contentsOf: resumed.appendingPathComponent("probe.safetensors")) == probe)
        #expect(!FileManager.default.fileExists(atPath: without.path + "/probe.safetensors"))
      }
    }
  }
}
