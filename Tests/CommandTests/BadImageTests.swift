import Datasets
import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// `data.on_error`: images that turn out to be bad while a run trains.
  @Suite struct BadImages {
    private func command(_ small: SmallRun, _ tree: ImageTreeFiles, _ settings: String...) -> [String] {
      small.command("data.source=\(tree.source)", "network.input_size=32")
        + settings.flatMap { ["--set", $0] }
    }

    /// The training image that comes at `place` of a step's global batch in epoch 0 of seed 0, a PNG.
    private func image(ofStep step: Int, from place: Int = 0) throws -> Int {
      let order = try EpochSampler(
        datasetCount: ImageTreeFiles.trainImages, globalBatchSize: 32, seed: 0
      ).permutation(epoch: 0)
      return try #require(order[((step - 1) * 32 + place)..<(step * 32)].first { $0 % 24 % 3 != 2 })
    }

    /// One sentence on any number of ranks, of which one alone meets the image: name, reason, checkpoint, advice.
    @Test(arguments: [1, 2]) func stoppingNamesTheImage(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let tree = try ImageTreeFiles(in: folder, hasTest: false)
        // In the last half of the batch, rank 1's.
        let bad = tree.path(train: try image(ofStep: 3, from: 16))
        try tree.spoil(bad)
        let output = try Program.run(command(small, tree, "checkpoint.every=1"), ranks: ranks, seconds: 60)
        #expect(output.status == 1)
        let sentences = output.lines.filter { $0.hasPrefix("sluice: ") }
          .map { $0.replacing(#/rank 1 on \S+: /#, with: "") }
        try #require(sentences.count == 1, "\(output)")
        #expect(sentences[0].hasPrefix("sluice: step 3: \(bad) cannot be used: the PNG is damaged: "))
        #expect(
          sentences[0].hasSuffix(
            "; the last checkpoint is \(small.checkpoint(2).path); 'sluice data verify \(tree.source)' finds every "
              + "such image, data.on_error=skip continues without them"), "\(sentences)")
        #expect(small.hasCheckpoint(2) && !small.hasCheckpoint(3))
      }
    }

    /// The untrained network looks at every image: what is bad is found before the first step.
    @Test(arguments: [1, 2]) func evaluationStopsLikewise(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let tree = try ImageTreeFiles(in: folder)
        try tree.spoil(tree.path(test: 30))
        let output = try Program.run(command(small, tree), ranks: ranks, seconds: 60)
        #expect(output.status == 1)
        let sentences = output.lines.filter { $0.hasPrefix("sluice: ") }
          .map { $0.replacing(#/rank 1 on \S+: /#, with: "") }
        try #require(sentences.count == 1, "\(output)")
        #expect(
          sentences[0].hasPrefix("sluice: evaluation after step 0: \(tree.path(test: 30)) cannot be used: "))
        #expect(sentences[0].contains("; no checkpoint has been written yet; "))
      }
    }

    /// Contract C1 holds with neighbours in the places of bad images; each is named once, and counted.
    @Test func skippingIsTheSameOnAnyRanks() throws {
      try withTemporaryFolder { folder in
        let tree = try ImageTreeFiles(in: folder)
        let sound = try SmallRun(in: folder.appendingPathComponent("sound"))
        let reference = try Program.run(command(sound, tree))
        try #require(reference.status == 0, "\(reference)")
        // Two neighbours, the last of all, one that is found to be empty when the data is opened, one to test on.
        let bad = [tree.path(train: 30), tree.path(train: 31), tree.path(train: 93), tree.path(test: 7)]
        for path in bad { try tree.spoil(path) }
        try tree.empty(tree.path(train: 60))
        let names = [bad[0], bad[1], tree.path(train: 60), bad[2], bad[3]]

        var checkpoints: [[String: Data]] = []
        var metrics: [[NSDictionary]] = []
        for (ranks, threads) in [(1, 1), (2, 2), (4, 1)] {
          let small = try SmallRun(in: folder.appendingPathComponent("\(ranks)"))
          let output = try Program.run(
            command(small, tree, "data.on_error=skip", "threads=\(threads)") + ["--json"], ranks: ranks)
          try #require(output.status == 0, "\(output)")
          let object = try output.object()
          #expect(object["images_skipped"] as? Int == 5)
          #expect(object["skipped"] as? [String] == names)
          for name in names {
            #expect(
              output.warnings.count { $0.hasPrefix("warning: \(name) is skipped and ") } == 1, "\(name)")
          }
          checkpoints.append(try contents(of: small.checkpoint(SmallRun.steps)))
          metrics.append(try small.metrics())
        }
        for other in checkpoints.dropFirst() { expectEqual(other, checkpoints[0]) }
        #expect(metrics[1] == metrics[0] && metrics[2] == metrics[0])
        #expect(metrics[0].last { $0["loss"] != nil }?["images_skipped"] as? Int == 5)
        #expect(
          checkpoints[0]["model.safetensors"]
            != (try contents(of: sound.checkpoint(SmallRun.steps)))["model.safetensors"])
      }
    }

    /// No evaluation looks at all images here: what a rank skips only it knows, until ranks tell each other.
    @Test func everyRanksSkippedImagesAreNamed() throws {
      try withTemporaryFolder { folder in
        let tree = try ImageTreeFiles(in: folder, hasTest: false)
        let bad = try [image(ofStep: 2), image(ofStep: 2, from: 16)].sorted().map { tree.path(train: $0) }
        for path in bad { try tree.spoil(path) }
        var checkpoints: [[String: Data]] = []
        for ranks in [1, 2] {
          let small = try SmallRun(in: folder.appendingPathComponent("\(ranks)"))
          // One epoch: in the next, rank 0 may meet what rank 1 met.
          let output = try Program.run(
            command(small, tree, "data.on_error=skip", "max_steps=3") + ["--json"], ranks: ranks)
          try #require(output.status == 0, "\(output)")
          #expect(try output.object()["skipped"] as? [String] == bad)
          checkpoints.append(try contents(of: small.checkpoint(3)))
        }
        expectEqual(checkpoints[1], checkpoints[0])
      }
    }

    /// Where a run stopped, skipping goes on: to the bits of a run that skipped from the start.
    @Test func skippingGoesOnWhereStoppingStopped() throws {
      try withTemporaryFolder { folder in
        let tree = try ImageTreeFiles(in: folder, hasTest: false)
        let bad = tree.path(train: try image(ofStep: 3))
        try tree.spoil(bad)
        let whole = try SmallRun(in: folder.appendingPathComponent("whole"))
        let skipping = try Program.run(command(whole, tree, "data.on_error=skip"))
        try #require(skipping.status == 0, "\(skipping)")
        #expect(skipping.result.contains("skipped:    1 image that could not be used: \(bad)"))

        let small = try SmallRun(in: folder.appendingPathComponent("parts"))
        #expect(try Program.run(command(small, tree, "checkpoint.every=1")).status == 1)
        let begun = try Program.run(command(small, tree, "data.on_error=skip", "max_steps=7"), ranks: 2)
        try #require(begun.status == 0, "\(begun)")
        let ended = try Program.run(command(small, tree, "data.on_error=skip"))
        try #require(ended.status == 0, "\(ended)")
        // It was named by the part of the run that met it first.
        #expect(begun.warnings.count { $0.contains(bad) } == 1)
        #expect(ended.warnings.filter { $0.contains(bad) } == [])
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)),
          try contents(of: whole.checkpoint(SmallRun.steps)))
        #expect(try small.metrics() == whole.metrics())
      }
    }

    @Test func evaluatingTakesNeighboursToo() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let tree = try ImageTreeFiles(in: folder)
        let trained = try Program.run(command(small, tree, "max_steps=1"))
        try #require(trained.status == 0, "\(trained)")
        try tree.spoil(tree.path(test: 3))
        let words = [
          "evaluate", "knn", "--checkpoint", small.checkpoint(1).path, "--data", tree.source, "--json",
        ]
        let stopped = try Program.run(words, ranks: 2)
        #expect(stopped.status == 1)
        #expect(stopped.lines.count { $0.hasPrefix("sluice: ") && $0.contains(tree.path(test: 3)) } == 1)
        let results = try [1, 2].map { try Program.run(words + ["--on-error", "skip"], ranks: $0) }
        #expect(results[0].status == 0 && results[0].result == results[1].result, "\(results)")
        #expect(try results[0].object()["images_skipped"] as? Int == 1)
        #expect(try results[0].object()["images"] as? Int == ImageTreeFiles.testImages)
      }
    }
  }
}
