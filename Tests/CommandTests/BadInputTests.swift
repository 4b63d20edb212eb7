import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// A mistake is answered with one sentence, on any number of ranks, and destroys nothing.
  @Suite struct BadInput {
    @Test(arguments: [1, 2])
    func isAnsweredWithOneSentence(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let files = try BadInputFiles(in: folder)
        let before = try contents(of: folder)
        for mistake in Mistake.configuration + Mistake.data + Mistake.folders {
          let output = try Program.run(
            words(mistake.words.replacing("FILES", with: folder.path)), ranks: ranks, seconds: 30)
          #expect(output.status == 1, "\(mistake)")
          #expect(output.result == "", "\(mistake)")
          var lines = output.lines
          if mistake.isRootOnly, ranks > 1 {
            lines = lines.map { $0.replacing(#/^sluice: rank 0 on \S+: /#, with: "sluice: ") }
          }
          #expect(lines == ["sluice: " + Self.fill(mistake.sentence, folder, ranks)], "\(mistake)")
          let after = try contents(of: folder)
          #expect(Set(before.keys) == Set(after.keys), "\(mistake)")
          for (path, bytes) in before { #expect(after[path] == bytes, "\(mistake) changed \(path)") }
        }
        // What was written before is still good for going on.
        let output = try Program.run(files.finished.command("max_steps=3"), ranks: ranks)
        #expect(output.status == 0 && files.finished.hasCheckpoint(3), "\(output)")
      }
    }

    /// `EITHER(a)(b)`: a on one rank, b on two.
    private static func fill(_ sentence: String, _ folder: URL, _ ranks: Int) -> String {
      sentence.replacing("FILES", with: folder.path)
        .replacing("RANKS", with: ranks == 1 ? "1 rank" : "2 ranks")
        .replacing(/EITHER\((\d+)\)\((\d+)\)/) { ranks == 1 ? $0.1 : $0.2 }
    }

    /// Wrong usage: the sentence, how it is meant, and exit code 64.
    @Test(
      arguments: [1, 2],
      [
        ("pretrain", "Error: Missing expected argument '<CONFIG>'"),
        ("pretrain a.yaml --sett epochs=1", "Error: Unknown option '--sett'. Did you mean '--set'?"),
        ("pretran", "Error: Unexpected argument 'pretran'"),
        ("bench train --steps 0", "Error: --steps must be from 1 to 1000000, got 0."),
        ("bench train --size 4", "Error: --size must be from 8 to 1024, got 4."),
        ("bench train --batch 1", "Error: --batch must be from 2 to 1000000, got 1."),
        (
          "bench train --objective byol",
          "Error: The value 'byol' is invalid for '--objective <objective>'. "
            + "Please provide one of 'simsiam', 'simclr', 'supervised', 'rotnet' or 'npid'."
        ),
        ("macs", "Error: Give either a configuration file or --checkpoint."),
        ("evaluate knn --checkpoint c --data shapes --k 0", "Error: --k must be at least 1, got 0."),
        (
          "evaluate knn --checkpoint c --data shapes --metric l2",
          "Error: The value 'l2' is invalid for '--metric <metric>'. "
            + "Please provide one of 'cosine' and 'euclidean'."
        ),
        (
          "embed --checkpoint c --data shapes --output x.npy",
          "Error: --output must end in .safetensors, got 'x.npy'."
        ),
        (
          "embed --checkpoint c --data shapes --output x.safetensors --csv x.safetensors",
          "Error: --output, --csv and --npy must name different files."
        ),
        (
          "embed --checkpoint c --data shapes --output x.safetensors --part val",
          "Error: The value 'val' is invalid for '--part <part>'. "
            + "Please provide one of 'train', 'reference' or 'test'."
        ),
        ("bench loader", "Error: Missing expected argument '<DATA>'"),
        ("bench loader shapes --size 4", "Error: --size must be from 8 to 1024, got 4."),
        ("bench loader shapes --images 0", "Error: --images must be from 1 to 100000000, got 0."),
        ("bench infer --density 0.3,2", "Error: --density must be from 0 to 1, got 2.0."),
        ("bench infer --batch 0", "Error: --batch must be from 1 to 100000, got 0."),
        (
          "bench infer --checkpoint c",
          "Error: Give --checkpoint and --data together: a checkpoint's masks depend on the images."
        ),
        ("bench loss --ranks 0", "Error: --ranks must be from 1 to 2147483647, got 0."),
        ("bench loss --temperature 0", "Error: --temperature must be at least 0.0001, got 0.0."),
        (
          "bench loss --embeddings 100 --ranks 8",
          "Error: --embeddings 100 cannot be dealt out in pairs to --ranks 8: use --embeddings 96."
        ),
      ])
    func wrongUsageIsExplainedOnce(ranks: Int, _ mistake: (words: String, sentence: String)) throws {
      let output = try Program.run(words(mistake.words), ranks: ranks, seconds: 30)
      #expect(output.status == 64)
      #expect(output.result == "")
      #expect(output.lines.filter { $0.hasPrefix("Error: ") } == [mistake.sentence])
      #expect(output.lines.count { $0.hasPrefix("Usage: ") } == 1, "\(output.lines)")
    }

    /// Parts of the originals are accepted.
    @Test(arguments: [1, 2]) func fewerRecordsAreOneWarning(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let files = try BadInputFiles(in: folder)
        let few = folder.appendingPathComponent("few").path
        let output = try Program.run(
          words("pretrain \(files.finished.configuration.path) --run \(folder.path)/new --set max_steps=1")
            + ["--set", "data.source=cifar10:\(few)"], ranks: ranks)
        #expect(output.status == 0, "\(output)")
        #expect(
          output.warnings.filter { $0.contains("cifar10") } == [
            "warning: cifar10: \(few) holds 32 of the original's 50000 training images (1 of 5 files) "
              + "and 8 of 10000 test images (1 of 1 files)"
          ])
      }
    }
  }
}
