import Foundation
import Tensors
import TestSupport
import Testing

extension CommandLineTests {
  /// Backbones for other programs.
  @Suite struct Export {
    /// A run that has taken a step.
    static func trained(in folder: URL, _ settings: String...) throws -> SmallRun {
      try trained(in: folder, settings)
    }

    static func trained(in folder: URL, _ settings: [String]) throws -> SmallRun {
      let small = try SmallRun(in: folder)
      let output = try Program.run(
        small.command("max_steps=1", "evaluate.every=0") + settings.flatMap { ["--set", $0] })
      try #require(output.status == 0, "\(output)")
      return small
    }

    static func command(_ small: SmallRun, to output: URL, _ options: String...) -> [String] {
      ["export", "--checkpoint", small.run.path + "/checkpoints/latest", "--output", output.path] + options
    }

    @Test(arguments: ["safetensors", "onnx"]) func isTheSameFileOnAnyRanks(_ format: String) throws {
      try withTemporaryFolder { folder in
        let small = try Self.trained(in: folder)
        let (one, two) = (
          folder.appendingPathComponent("1.\(format)"), folder.appendingPathComponent("2.\(format)")
        )
        let samples = folder.appendingPathComponent("samples.safetensors")
        let output = try Program.run(Self.command(small, to: one, "--json", "--samples", samples.path))
        let object = try output.object()
        let bytes = try Data(contentsOf: one)
        #expect(object["path"] as? String == one.path && object["format"] as? String == format)
        #expect(object["bytes"] as? Int == bytes.count)
        #expect(object["features"] as? Int == 64 && object["tensors"] as? Int == 148)
        #expect(object["images"] as? Int == 8)
        #expect(try #require(object["largest_difference"] as? Double) < 1e-6)
        #expect((object["sha256"] as? String)?.count == 64 && object["undecided_images"] is Int)
        #expect(output.lines == [])
        #expect(try SafetensorsFile(contentsOf: samples.path).shape(of: "features") == [8, 64])

        let text = try Program.run(Self.command(small, to: two), ranks: 2)
        #expect(text.status == 0 && text.result.contains("8 images: features differ by"), "\(text)")
        #expect(try Data(contentsOf: two) == bytes)
      }
    }

    @Test func theFileSaysWhatOthersHaveToKnow() throws {
      try withTemporaryFolder { folder in
        let small = try Self.trained(in: folder, "network.stem_padding=2")
        let path = folder.appendingPathComponent("x.safetensors")
        #expect(try Program.run(Self.command(small, to: path)).status == 0)
        let metadata = try SafetensorsFile(contentsOf: path.path).metadata
        for (key, value) in [
          "format": "pt", "family": "resnet", "depth": "18", "width": "8", "stem": "cifar",
          "stem_padding": "2",
          "input_size": "32",
          "features": "64", "gates": "8", "step": "1", "mean": "[0.5, 0.5, 0.5]", "std": "[0.22, 0.22, 0.22]",
        ] { #expect(metadata[key] == value, "\(key)") }
        #expect(
          metadata["model_sha256"]
            == (try SafetensorsFile(contentsOf: small.checkpoint(1).path + "/model.safetensors").digest))
      }
    }

    /// As those of earlier versions.
    @Test func aCheckpointWithoutNormalisationIsAWarning() throws {
      try withTemporaryFolder { folder in
        let small = try Self.trained(in: folder)
        let checkpoint = small.checkpoint(1)
        let state = checkpoint.appendingPathComponent("state.json")
        let manifest = checkpoint.appendingPathComponent("manifest.json")
        let (old, oldDigest) = (try String(contentsOf: state, encoding: .utf8), try Self.digest(of: state))
        let new = old.replacing(#/"normalization" : \{[^}]*\},\s*/#, with: "")
        try #require(new != old)
        try new.write(to: state, atomically: true, encoding: .utf8)
        try String(contentsOf: manifest, encoding: .utf8)
          .replacing(#/"digest" : "[^"]*",\s*/#, with: "")
          .replacing(oldDigest, with: try Self.digest(of: state))
          .replacing("\"bytes\" : \(old.utf8.count),", with: "\"bytes\" : \(new.utf8.count),")
          .write(to: manifest, atomically: true, encoding: .utf8)
        let output = try Program.run(
          Self.command(small, to: folder.appendingPathComponent("x.onnx")), ranks: 2)
        #expect(output.status == 0)
        #expect(
          output.warnings.count == 1
            && output.warnings[0].hasSuffix(
              "does not say how its images were normalised, so neither does the file"),
          "\(output)")
      }
    }

    private static func digest(of file: URL) throws -> String {
      String(try Tool.run(["sha256sum", file.path]).result.prefix(64))
    }

    /// What was there stays there.
    @Test func aDiskWithoutRoomIsOneSentence() throws {
      try withTemporaryFolder { folder in
        let small = try Self.trained(in: folder)
        let path = folder.appendingPathComponent("x.onnx")
        try Data("old".utf8).write(to: path)
        let output = try Program.run(Self.command(small, to: path), after: "ulimit -f 16")
        #expect(output.status == 1)
        #expect(output.errors == "sluice: \(path.path): cannot be written: File too large\n", "\(output)")
        #expect(try Data(contentsOf: path) == Data("old".utf8))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!names.contains { $0.hasPrefix(".tmp") })
      }
    }

    /// Without the run's folder.
    @Test func theFileIsEvaluatedLikeTheCheckpoint() throws {
      try withTemporaryFolder { folder in
        let small = try Self.trained(in: folder, "network.stem_padding=2")
        let file = folder.appendingPathComponent("x.safetensors")
        try #require(try Program.run(Self.command(small, to: file)).status == 0)
        func evaluate(_ checkpoint: String, _ options: String..., ranks: Int = 1) throws -> Program.Output {
          try Program.run(
            ["evaluate", "knn", "--checkpoint", checkpoint, "--data", "shapes:96x32", "--json"] + options,
            ranks: ranks)
        }
        let (own, given) = (try evaluate(small.checkpoint(1).path), try evaluate(file.path, ranks: 2))
        #expect(own.status == 0 && given.result == own.result, "\(given)")
        let projector = try evaluate(file.path, "--features", "projector")
        #expect(
          projector.status == 1 && projector.errors.contains("holds no 'projector.0.weight'"), "\(projector)")
        let other = try InitialWeights.rewritten(file, as: "other.safetensors") { $0 }
        let unknown = try evaluate(other.path, ranks: 2)
        #expect(unknown.status == 1 && unknown.lines.count == 1, "\(unknown)")
        #expect(
          unknown.errors.contains("other.safetensors does not say which network it holds"), "\(unknown)")
      }
    }

    @Test(arguments: [1, 2]) func mistakesAreAnsweredWithOneSentence(ranks: Int) throws {
      for (line, sentence) in [
        (
          "--checkpoint /none/latest --output /tmp/x.onnx",
          "/none/latest: not a checkpoint: there is no such folder"
        ),
        (
          "--checkpoint /none/latest --output /none/x.onnx",
          "/none/x.onnx: cannot be written: No such file or directory"
        ),
        (
          "--checkpoint /none/latest --output /tmp/x.onnx --samples /none/s.safetensors",
          "/none/s.safetensors: cannot be written: No such file or directory"
        ),
      ] {
        let output = try Program.run(["export"] + words(line), ranks: ranks)
        #expect(output.status == 1)
        let lines = output.lines.map { $0.replacing(#/^sluice: rank 0 on \S+: /#, with: "sluice: ") }
        #expect(lines == ["sluice: \(sentence)"], "\(output)")
      }
    }

    @Test(arguments: [
      ("--output x.pt", "Error: --output must end in .safetensors or .onnx, got 'x.pt'."),
      ("--output x", "Error: --output must end in .safetensors or .onnx, got 'x'."),
      (
        "--output x.safetensors --samples x.safetensors",
        "Error: --samples must name another file, which ends in .safetensors, got 'x.safetensors'."
      ),
      (
        "--output x.onnx --data shapes",
        "Error: --data shows which channels can go: give --compact too."
      ),
      (
        "--output x.onnx --compact --open-on 0.1",
        "Error: --open-on is a share of images: say of which with --data."
      ),
      (
        "--output x.onnx --compact --data shapes --open-on 1.5",
        "Error: --open-on must be from 0 to 1, got 1.5."
      ),
      (
        "--output x.onnx --samples y.onnx",
        "Error: --samples must name another file, which ends in .safetensors, got 'y.onnx'."
      ),
    ])
    func wrongUsageIsExplained(line: String, sentence: String) throws {
      let output = try Program.run(words("export --checkpoint c " + line))
      #expect(output.status == 64 && output.lines.first == sentence, "\(output)")
    }

    // MARK: Other programs

    static let hasONNXRuntime = Python.has("onnxruntime", "numpy")
    static let hasTorchvision = Python.has("torch", "torchvision", "safetensors", "numpy")

    /// Networks with gates and without.
    static let networks = ["gates.enabled=true", "gates.enabled=false"].flatMap { gates in
      [[gates], [gates, "network.family=vgg", "network.depth=16"]]
    }

    @Test(
      .enabled(if: hasONNXRuntime, "python3 has no onnxruntime: pip install onnxruntime"), arguments: networks
    )
    func onnxRuntimeGivesTheFeatures(settings: [String]) throws {
      try withTemporaryFolder { folder in
        let small = try Self.trained(in: folder, settings)
        let (model, samples) = (
          folder.appendingPathComponent("x.onnx"), folder.appendingPathComponent("s.safetensors")
        )
        try #require(try Program.run(Self.command(small, to: model, "--samples", samples.path)).status == 0)
        try Self.expectONNXRuntimeAgrees(model, samples, in: folder)
      }
    }

    static func expectONNXRuntimeAgrees(_ model: URL, _ samples: URL, in folder: URL) throws {
      let (images, features) = try raw(samples, in: folder)
      let found = try Python.run(
        """
        import numpy, onnxruntime, sys
        images = numpy.fromfile(sys.argv[2], "<f4").reshape(-1, 3, 32, 32)
        expected = numpy.fromfile(sys.argv[3], "<f4").reshape(len(images), -1)
        session = onnxruntime.InferenceSession(sys.argv[1])
        for batch in (len(images), 1):
          features = session.run(["features"], {"images": images[:batch]})[0]
          gaps = numpy.linalg.norm(features - expected[:batch], axis=1) / numpy.linalg.norm(expected[:batch], axis=1)
          print(gaps.max() <= 1e-5)
        """, [model.path, images, features])
      #expect(found.result == "True\nTrue\n", "\(found)")
    }

    /// Contract C8.
    @Test(
      .enabled(if: hasTorchvision, "python3 lacks torch, torchvision or safetensors: pip install them"),
      arguments: networks)
    func torchvisionGivesTheFeatures(settings: [String]) throws {
      try withTemporaryFolder { folder in
        let small = try Self.trained(in: folder, settings)
        let (file, samples) = (
          folder.appendingPathComponent("x.safetensors"), folder.appendingPathComponent("s.safetensors")
        )
        try #require(try Program.run(Self.command(small, to: file, "--samples", samples.path)).status == 0)
        try Self.expectTorchvisionAgrees(file, samples)
      }
    }

    static func expectTorchvisionAgrees(_ file: URL, _ samples: URL) throws {
      let found = try Tool.run(["python3", "scripts/load_in_torchvision.py", file.path, samples.path])
      #expect(found.status == 0 && found.result.contains("8 images: features differ"), "\(found)")
    }

    /// The samples' numbers as files without a header.
    private static func raw(_ samples: URL, in folder: URL) throws -> (images: String, features: String) {
      let file = try SafetensorsFile(contentsOf: samples.path)
      let paths = try ["images", "features"].map { name in
        let url = folder.appendingPathComponent(name)
        try file.floats(name).withUnsafeBytes { try Data($0).write(to: url) }
        return url.path
      }
      return (paths[0], paths[1])
    }
  }
}

/// The interpreter that is first in PATH.
enum Python {
  static func has(_ modules: String...) -> Bool {
    (try? run("import \(modules.joined(separator: ", "))", []).status) == 0
  }

  static func run(
    _ program: String, _ arguments: [String]
  ) throws -> (status: Int32, result: String, errors: String) {
    try Tool.run(["python3", "-c", program] + arguments)
  }
}
