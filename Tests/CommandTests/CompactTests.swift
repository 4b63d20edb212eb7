import Foundation
import Tensors
import TestSupport
import Testing

extension CommandLineTests {
  /// From rounds of `sluice prune` to a smaller network that trains on.
  @Suite struct Compaction {
    private static func pruned(in folder: URL, rounds: Int = 2, _ settings: [String]) throws -> SmallRun {
      let small = try SmallRun(in: folder)
      let all = ["network.width=4", "max_steps=2", "pruning.rewind=1", "evaluate.every=0"] + settings
      let output = try Program.run(
        ["prune", small.configuration.path, "--run", small.run.path, "--rounds", "\(rounds)"]
          + all.flatMap { ["--set", $0] })
      try #require(output.status == 0, "\(output)")
      return small
    }

    private static func export(_ small: SmallRun, to output: URL, round: Int = 2, _ options: String...)
      -> [String]
    {
      ["export", "--checkpoint", "\(small.run.path)/rounds/0\(round)/checkpoints/latest", "--compact"]
        + ["--output", output.path] + options
    }

    private static func inner(_ channels: [Int]) -> String { "network.inner_channels=\(channels)" }

    @Test func aPrunedNetworkGoesOnAsASmallerOne() throws {
      try withTemporaryFolder { folder in
        let small = try Self.pruned(
          in: folder.appendingPathComponent("source"), ["pruning.criterion=filters"])
        let (file, graph) = (
          folder.appendingPathComponent("c.safetensors"), folder.appendingPathComponent("c.onnx")
        )
        let object = try Program.run(Self.export(small, to: file, "--json")).object()
        let gain = try #require(object["compact"] as? [String: Any])
        for key in ["parameters", "macs", "bytes"] {
          let change = try #require(gain[key] as? [String: Int])
          #expect(change["after"]! < change["before"]!, "\(key)")
        }
        #expect((gain["bytes"] as? [String: Int])?["after"] == (try Data(contentsOf: file).count))
        let channels = try #require(gain["inner_channels"] as? [Int])
        // 120 channels, of which a fifth and a fifth of the rest went.
        #expect(channels.reduce(0, +) == 76 && channels.count == 8)
        let tensors = try SafetensorsFile(contentsOf: file.path)
        #expect(tensors.metadata["inner_channels"] == "\(channels)" && tensors.metadata["width"] == "4")
        #expect(tensors.shape(of: "layer4.1.conv1.weight") == [channels[7], 32, 3, 3])

        let text = try Program.run(Self.export(small, to: graph), ranks: 2)
        #expect(text.status == 0 && text.result.contains("\nMACs        "), "\(text)")
        #expect(text.result.contains("network     \(Self.inner(channels))\n"), "\(text)")

        let run = try SmallRun(in: folder)
        let options = ["--init", file.path, "--set", "network.width=4"]
        let refused = try Program.run(run.command("max_steps=0") + options)
        #expect(
          refused.status == 1 && refused.lines.count == 1
            && refused.errors.hasSuffix(": set network.inner_channels to \(channels)\n"), "\(refused)")
        let begun = try Program.run(run.command("max_steps=0", Self.inner(channels)) + options)
        #expect(begun.status == 0, "\(begun)")
        let kept = try SafetensorsFile(contentsOf: run.checkpoint(0).path + "/model.safetensors")
        for name in tensors.names { #expect(try kept.floats(name) == tensors.floats(name), "\(name)") }
        let knn = try Program.run(
          ["evaluate", "knn", "--checkpoint", run.checkpoint(0).path, "--data", "shapes:96x32", "--json"])
        #expect(try knn.object()["top1"] is Double)
        let same = try Program.run(
          ["evaluate", "knn", "--checkpoint", file.path, "--data", "shapes:96x32", "--json"])
        #expect(same.result == knn.result, "\(same)")
        let trained = try Program.run(run.command("max_steps=2", Self.inner(channels)) + options, ranks: 2)
        #expect(trained.status == 0 && run.hasCheckpoint(2), "\(trained)")
      }
    }

    @Test(arguments: [1, 2]) func aNetworkWithAllItsChannelsIsRefused(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try Self.pruned(in: folder, rounds: 1, [])
        let file = folder.appendingPathComponent("c.onnx")
        let output = try Program.run(Self.export(small, to: file, round: 1), ranks: ranks)
        #expect(output.status == 1 && output.lines.count == 1, "\(output)")
        #expect(
          output.errors.contains(
            "/rounds/01/checkpoints/step-00000002 has no channel that can be left out: --compact"))
        #expect(!FileManager.default.fileExists(atPath: file.path))
      }
    }

    // MARK: Channels that gates rarely open

    private static let data = "shapes:96x32"

    private static func slim(_ small: SmallRun, to output: URL, openOn share: Double, _ options: String...)
      -> [String]
    {
      Export.command(small, to: output, "--compact", "--data", data, "--open-on", "\(share)", "--quiet")
        + options
    }

    /// Contract C1; and what is said of the file is what others find in it.
    @Test func rarelyOpenChannelsGo() throws {
      try withTemporaryFolder { folder in
        // Blocks count from the start.
        let small = try Export.trained(
          in: folder.appendingPathComponent("source"), "network.zero_init_residual=false")
        let file = folder.appendingPathComponent("slim.safetensors")
        let one = try Program.run(Self.slim(small, to: file, openOn: 0.9, "--json"))
        let object = try one.object()
        let bytes = try Data(contentsOf: file)
        for ranks in [2, 4] {
          let same = try Program.run(Self.slim(small, to: file, openOn: 0.9, "--json"), ranks: ranks)
          #expect(same.result == one.result, "\(same)")
          #expect(try Data(contentsOf: file) == bytes)
        }

        let compact = try #require(object["compact"] as? [String: Any])
        let channels = try #require(compact["inner_channels"] as? [Int])
        let slimming = try #require(object["slimming"] as? [String: Any])
        let gates = try #require(slimming["gates"] as? [[String: Any]])
        let change = gates.compactMap { $0["channels"] as? [String: Int] }
        #expect(change.map { $0["after"]! } == channels)
        #expect(change.map { $0["before"]! } == [8, 8, 16, 16, 32, 32, 64, 64])
        let rare = try #require(slimming["rare_channels"] as? Int)
        #expect(rare > 0 && rare == 240 - channels.reduce(0, +))
        #expect(slimming["images"] as? Int == 96 && slimming["test_images"] as? Int == 32)
        #expect(try #require(slimming["affected_images"] as? Int) > 0)

        for (subject, key) in [(small.checkpoint(1).path, "before"), (file.path, "after")] {
          let knn = try Program.run(
            ["evaluate", "knn", "--checkpoint", subject, "--data", Self.data, "--json"]
          ).object()
          for name in ["top1", "nearest_top1"] {
            #expect(
              try #require((slimming[name] as? [String: Double])?[key]) == knn[name] as? Double,
              "\(name) \(key)")
          }
        }
        let gated = try Program.run(
          ["gates", "--checkpoint", file.path, "--data", Self.data, "--json"]
        ).object()
        let macs = try #require((gated["macs_share"] as? [String: Double])?["mean"])
        let dense = try #require((compact["macs"] as? [String: Int])?["after"])
        let spent = try #require((slimming["macs"] as? [String: Int])?["after"])
        #expect(abs(macs * Double(dense) - Double(spent)) < 1)

        let run = try SmallRun(in: folder)
        let begun = try Program.run(
          run.command("max_steps=1", "network.inner_channels=\(channels)") + ["--init", file.path])
        #expect(begun.status == 0, "\(begun)")
      }
    }

    /// Nothing is said to be affected by what no image opened.
    @Test func channelsThatAreNeverOpenGoByDefault() throws {
      try withTemporaryFolder { folder in
        let small = try Export.trained(in: folder)
        let file = folder.appendingPathComponent("slim.onnx")
        let output = try Program.run(
          Export.command(small, to: file, "--compact", "--data", Self.data), ranks: 2)
        #expect(output.status == 0, "\(output)")
        #expect(output.result.contains("channels, open on none of 96 train images\n"), "\(output)")
        #expect(output.result.contains("\naffected    0 train images and "), "\(output)")
        #expect(output.result.contains("\nchannels    layer1.0  8 → "), "\(output)")
        #expect(output.errors.contains("fewer channels: features of 32 test images"), "\(output)")
      }
    }

    @Test(arguments: [1, 2]) func whatCannotGoIsSaid(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try Export.trained(in: folder.appendingPathComponent("gated"))
        let dense = try Export.trained(in: folder.appendingPathComponent("dense"), "gates.enabled=false")
        let file = folder.appendingPathComponent("slim.onnx")
        for (command, sentence) in [
          (
            Export.command(small, to: file, "--compact"),
            "with --data DATA it also leaves out those that gates open on none of its images"
          ),
          (Self.slim(dense, to: file, openOn: 0.5), "is of a network without gates"),
          (
            Export.command(small, to: file, "--compact", "--data", "folder:/none"),
            "/none cannot be read: No such file or directory"
          ),
        ] {
          let output = try Program.run(command, ranks: ranks)
          #expect(output.status == 1 && output.lines.count == 1, "\(output)")
          #expect(output.errors.contains(sentence), "\(output)")
        }
        #expect(!FileManager.default.fileExists(atPath: file.path))

        // What is left is open on an image, or the last of its gate.
        let slim = folder.appendingPathComponent("slim.safetensors")
        let output = try Program.run(Self.slim(small, to: slim, openOn: 0, "--json"))
        let compact = try #require(try output.object()["compact"] as? [String: Any])
        let channels = try #require(compact["inner_channels"] as? [Int])
        let run = try SmallRun(in: folder)
        let begun = try Program.run(
          run.command("max_steps=0", "network.inner_channels=\(channels)") + ["--init", slim.path])
        try #require(begun.status == 0, "\(begun)")
        let again = try Program.run(Self.slim(run, to: file, openOn: 0), ranks: ranks)
        #expect(again.status == 1 && again.lines.count == 1, "\(again)")
        #expect(
          again.errors.contains(
            "has no channel that can be left out: none was pruned, and each is open on at least one of 96 train "
              + "images or the last of its gate"), "\(again)")
        #expect(!FileManager.default.fileExists(atPath: file.path))
      }
    }

    // MARK: Other programs

    /// One gate behind the other or not.
    private static let networks = [[], ["network.family=vgg", "network.depth=16"]]

    /// What is exported of a round without rarely open channels, and the check's images.
    private static func exported(_ name: String, in folder: URL, _ settings: [String]) throws -> (URL, URL) {
      let small = try pruned(in: folder, rounds: 1, settings + ["pruning.criterion=gate-usage"])
      let (file, samples) = (
        folder.appendingPathComponent(name), folder.appendingPathComponent("s.safetensors")
      )
      let output = try Program.run(
        export(small, to: file, round: 1, "--samples", samples.path, "--data", data, "--open-on", "0.5"))
      try #require(output.status == 0, "\(output)")
      return (file, samples)
    }

    @Test(
      .enabled(if: Export.hasONNXRuntime, "python3 has no onnxruntime: pip install onnxruntime"),
      arguments: networks)
    func onnxRuntimeGivesTheFeatures(settings: [String]) throws {
      try withTemporaryFolder { folder in
        let (model, samples) = try Self.exported("x.onnx", in: folder, settings)
        try Export.expectONNXRuntimeAgrees(model, samples, in: folder)
      }
    }

    @Test(
      .enabled(
        if: Export.hasTorchvision, "python3 lacks torch, torchvision or safetensors: pip install them"),
      arguments: networks)
    func torchvisionGivesTheFeatures(settings: [String]) throws {
      try withTemporaryFolder { folder in
        let (file, samples) = try Self.exported("x.safetensors", in: folder, settings)
        try Export.expectTorchvisionAgrees(file, samples)
      }
    }
  }
}
