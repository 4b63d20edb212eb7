import Foundation
import Tensors
import TestSupport
import Testing

extension CommandLineTests {
  /// Runs that begin with a backbone from a file.
  @Suite struct InitialWeights {
    /// A backbone from a run with another seed, as sluice exports it.
    static func exported(in folder: URL) throws -> URL {
      let small = try Export.trained(in: folder.appendingPathComponent("source"), "seed=7")
      let file = folder.appendingPathComponent("backbone.safetensors")
      try #require(try Program.run(Export.command(small, to: file)).status == 0)
      return file
    }

    /// The tensors of a file under other names.
    static func rewritten(
      _ file: URL, as name: String, _ rename: (String) -> String?
    ) throws -> URL {
      let source = try SafetensorsFile(contentsOf: file.path)
      let entries = try source.names.compactMap { tensor in
        try rename(tensor).map {
          Safetensors.Entry(name: $0, shape: source.shape(of: tensor)!, values: try source.floats(tensor))
        }
      }
      let url = file.deletingLastPathComponent().appendingPathComponent(name)
      try Safetensors.write(entries, to: url.path)
      return url
    }

    /// Contract C1.
    @Test func ranksWriteTheSameCheckpoint() throws {
      try withTemporaryFolder { folder in
        let file = try Self.exported(in: folder)
        var checkpoints: [[String: Data]] = []
        for ranks in [1, 2] {
          let small = try SmallRun(in: folder.appendingPathComponent("\(ranks)"))
          let command = small.command("max_steps=2") + ["--init", file.path]
          let output = try Program.run(command, ranks: ranks)
          try #require(output.status == 0, "\(output)")
          let line = "starting with 148 tensors of \(file.path), SHA-256 "
          #expect(output.lines.count { $0.hasPrefix(line) && !$0.contains("gates") } == 1, "\(output)")
          checkpoints.append(try contents(of: small.checkpoint(2)))
          let environment = try String(
            contentsOf: small.run.appendingPathComponent("environment.json"), encoding: .utf8)
          let digest = try SafetensorsFile(contentsOf: file.path).digest
          for fact in ["\"sha256\" : \"\(digest)\"", "\"tensors\" : 148", "\"absent_tensors\" : 0"] {
            #expect(environment.contains(fact), "\(fact)")
          }
        }
        expectEqual(checkpoints[0], checkpoints[1])
        let drawn = try SmallRun(in: folder.appendingPathComponent("drawn"))
        #expect(try Program.run(drawn.command("max_steps=2")).status == 0)
        #expect(
          try contents(of: drawn.checkpoint(2))["model.safetensors"] != checkpoints[0]["model.safetensors"])
      }
    }

    /// The bits are those of a run that nothing interrupted, and the file need not be there any more.
    @Test func aRunThatGoesOnDoesNotReadTheFileAgain() throws {
      try withTemporaryFolder { folder in
        let file = try Self.exported(in: folder)
        let whole = try SmallRun(in: folder.appendingPathComponent("whole"))
        try #require(try Program.run(whole.command("max_steps=2") + ["--init", file.path]).status == 0)
        let halves = try SmallRun(in: folder.appendingPathComponent("halves"))
        try #require(try Program.run(halves.command("max_steps=1") + ["--init", file.path]).status == 0)
        try FileManager.default.removeItem(at: file)
        let output = try Program.run(halves.command("max_steps=2") + ["--init", file.path], ranks: 2)
        #expect(output.status == 0, "\(output)")
        #expect(output.lines.contains("\(file.path) is not read: the run has begun already"), "\(output)")
        expectEqual(try contents(of: halves.checkpoint(2)), try contents(of: whole.checkpoint(2)))
      }
    }

    /// With no step to take, what was given is what is kept.
    @Test func aBackboneOfMoCoWithoutGatesIsTaken() throws {
      try withTemporaryFolder { folder in
        let file = try Self.exported(in: folder)
        let given = try SafetensorsFile(contentsOf: file.path)
        let others = try Self.rewritten(file, as: "moco.safetensors") {
          $0.contains(".gate.") ? nil : "module.encoder_q.\($0)"
        }
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("max_steps=0") + ["--init", others.path])
        #expect(output.status == 0)
        #expect(
          output.lines.contains {
            $0.hasPrefix("starting with 100 tensors of")
              && $0.hasSuffix("; 48 tensors of gates are not in it and start with the seed's values")
          }, "\(output)")
        let kept = try SafetensorsFile(contentsOf: small.checkpoint(0).path + "/model.safetensors")
        for name in given.names where !name.contains(".gate.") {
          #expect(try kept.floats(name) == given.floats(name), "\(name)")
        }
      }
    }

    @Test(arguments: [1, 2]) func mistakesAreAnsweredWithOneSentence(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let file = try Self.exported(in: folder)
        let bytes = try Data(contentsOf: file)
        func write(_ name: String, _ data: Data) throws {
          try data.write(to: folder.appendingPathComponent(name))
        }
        try write("text", Data("not tensors at all".utf8))
        try write("cut", bytes.prefix(1000))
        try write("resnet18.pth", Data("PK\u{3}\u{4}archive/data.pkl".utf8))
        try write(
          "half",
          Data(contentsOf: Self.rewritten(file, as: "h") { $0.hasPrefix("layer4") ? $0 : "net.\($0)" }))
        let run = try SmallRun(in: folder)
        for (name, settings, sentence) in [
          ("none", [], "FILE: cannot be read: No such file or directory"),
          ("source", [], "FILE: cannot be read: Is a directory"),
          (
            "text", [],
            "FILE: not a valid safetensors file: it claims a header of 8317697111234998126 bytes, the file has 18 bytes"
          ),
          (
            "resnet18.pth", [],
            "FILE is a file of PyTorch's own kind: convert it to safetensors (docs/exchange.md)"
          ),
          ("cut", [], "FILE: not a valid safetensors file: it claims a header of"),
          (
            "half", [],
            "FILE, read under 'net.', holds the backbone of another network: the file lacks: layer4.0."
          ),
          (
            "backbone.safetensors", ["network.width=16"],
            "FILE holds the backbone of another network: of another shape: conv1.weight ([8, 3, 3, 3] in the file, "
              + "[16, 3, 3, 3] in the network), "
          ),
          (
            "backbone.safetensors", ["network.depth=34"],
            "FILE holds the backbone of another network: the file lacks: layer1.2.conv1.weight, "
          ),
          (
            "backbone.safetensors", ["network.stem=imagenet"],
            "FILE holds the backbone of another network: of another"
          ),
        ] as [(String, [String], String)] {
          let path = folder.appendingPathComponent(name).path
          let output = try Program.run(
            run.command() + settings.flatMap { ["--set", $0] } + ["--init", path], ranks: ranks)
          #expect(output.status == 1, "\(output)")
          let line = output.lines.first?.replacing(#/^sluice: rank 0 on \S+: /#, with: "sluice: ") ?? ""
          #expect(line.hasPrefix("sluice: " + sentence.replacing("FILE", with: path)), "\(output)")
          #expect(output.lines.count == 1, "\(output)")
          #expect(!FileManager.default.fileExists(atPath: run.run.path + "/config.yaml"))
        }
      }
    }

    @Test func aCheckpointAndAFileAreOneTooMany() throws {
      let output = try Program.run(
        words("pretrain c.yaml --resume runs/a/checkpoints/latest --init x.safetensors"))
      #expect(output.status == 64)
      #expect(
        output.lines.first
          == "Error: --init is for a run that begins, and --resume runs/a/checkpoints/latest goes on with another: "
          + "give one of them.")
    }
  }
}
