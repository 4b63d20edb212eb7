import Foundation
import Tensors
import TestSupport
import Testing

extension CommandLineTests {
  /// Contract C5: what goes wrong on the way ends the job within seconds.
  @Suite struct Failures {
    /// What a run says at its end, with `RUN` for its folder; and the images that it lists.
    private static func end(
      ranks: Int, _ settings: String..., in folder: URL
    ) throws -> (sentences: [String], images: [NSDictionary], small: SmallRun) {
      let small = try SmallRun(in: folder)
      let output = try Program.run(
        small.command()
          + (["schedule.warmup_epochs=0", "checkpoint.every=1"] + settings).flatMap { ["--set", $0] },
        ranks: ranks)
      #expect(output.status == 1)
      let data = try Data(contentsOf: small.run.appendingPathComponent("non-finite.json"))
      let record = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      #expect(record["batch_images"] as? Int == 32)
      return (
        output.lines.filter { $0.hasPrefix("sluice: ") }.map {
          $0.replacingOccurrences(of: small.run.path, with: "RUN")
        },
        try #require(record["images"] as? [NSDictionary]), small
      )
    }

    /// For the sentence: the first of the images.
    private static func words(_ images: [NSDictionary]) -> String {
      images.prefix(3).map { "'\($0["name"] as? String ?? "")'" }.joined(separator: ", ")
    }

    /// A rate so large that the network's values overflow in the second step.
    @Test func aLossThatIsNotFiniteNamesStepLayerImagesAndCheckpoint() throws {
      var images: Set<[NSDictionary]> = []
      for ranks in [1, 2, 4] {
        try withTemporaryFolder { folder in
          let end = try Self.end(ranks: ranks, "optimizer.learning_rate=1e30", in: folder)
          // The same step and layer on any number of ranks.
          #expect(
            end.sentences == [
              "sluice: step 2: a non-finite value first appeared at 'layer1.0.gate.1'; it was made from all 32 images of the "
                + "batch: \(Self.words(end.images)) and 29 more (listed in RUN/non-finite.json); the last good checkpoint "
                + "is RUN/checkpoints/step-00000001; 'sluice replay RUN --step 2' takes the step again; a lower "
                + "optimizer.learning_rate usually helps"
            ])
          images.insert(end.images)
          #expect(!end.small.hasCheckpoint(2))
          let model = try SafetensorsFile(
            contentsOf: end.small.checkpoint(1).path + "/model.safetensors")
          for name in model.names { #expect(try model.floats(name).allSatisfy(\.isFinite), "\(name)") }
        }
      }
      #expect(images.count == 1 && Set(images.first ?? []).count == 32)
      for image in images.first ?? [] {
        #expect(image["name"] as? String == "shapes train, image \(image["index"] as? Int ?? -1)")
      }
    }

    /// A rate that the update itself does not survive: there is nothing good to save.
    @Test(arguments: [1, 2]) func anUpdateThatIsNotFiniteIsNotSaved(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let end = try Self.end(ranks: ranks, "optimizer.learning_rate=1e300", in: folder)
        #expect(
          end.sentences == [
            "sluice: step 1: a non-finite value first appeared at 'conv1.weight'; it was made from all 32 images of the "
              + "batch: \(Self.words(end.images)) and 29 more (listed in RUN/non-finite.json); no checkpoint has been "
              + "written yet; 'sluice replay RUN --step 1' takes the step again; a lower optimizer.learning_rate usually "
              + "helps"
          ])
        #expect(!end.small.hasCheckpoint(1))
      }
    }

    @Test(arguments: [1, 2]) func anAuditSaysThatItIsTheRuns(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let end = try Self.end(ranks: ranks, "optimizer.learning_rate=1e30", "audit.every=1", in: folder)
        #expect(
          end.sentences.count == 1
            && end.sentences[0].hasPrefix(
              "sluice: step 2: a non-finite value first appeared at 'layer1.0.gate.1', and again when the audit repeated the "
                + "step; it was made"),
          "\(end.sentences)")
      }
    }

    /// A build of the same commit and size, in which a constant is another.
    @Test func anotherProgramOnOneRankIsRefused() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        var program = try Data(contentsOf: URL(fileURLWithPath: Program.path))
        let place = try #require(program.range(of: Data("ranks do not have the same ".utf8)))
        program.replaceSubrange(place, with: Data("ranks do not have the SAME ".utf8))
        let other = folder.appendingPathComponent("other")
        try program.write(to: other)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: other.path)
        let output = try Program.run(
          small.command(), ranks: 2, after: "[[ $OMPI_COMM_WORLD_RANK == 0 ]] || exec \(other.path) \"$@\"")
        let sentences = output.lines.filter { $0.hasPrefix("sluice: ") }
        #expect(
          output.status == 1 && sentences.count == 1
            && sentences[0].contains(
              #/^sluice: ranks do not have the same build of Sluice: rank 0 has .*, program [0-9a-f]{12}; rank 1 has .*, /#
            )
            && sentences[0].hasSuffix(": use one on every node"), "\(output)")
      }
    }

    @Test(arguments: [0, 1]) func aRankThatDiesTakesTheJobDown(victim: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 3, in: folder)
        defer { hold.release() }
        let job = try Job(small.command("max_steps=none"), ranks: 2, environment: hold.environment)
        try job.wait { hold.isReached }
        let ranks = job.ranks
        try #require(ranks.count == 2)
        kill(ranks[victim], SIGKILL)
        // It is over by itself: nobody releases the hold, and patience (124) has not ended it.
        let output = try job.wait()
        #expect(output.status != 0 && output.status != 124, "\(output)")
        #expect(job.ranks.isEmpty)
      }
    }

    /// As in a library: Swift would look for names for minutes, MPI would print addresses.
    @Test(arguments: [1, 2]) func aFaultOfARankIsOneSentence(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 3, in: folder)
        defer { hold.release() }
        let job = try Job(small.command("max_steps=none"), ranks: ranks, environment: hold.environment)
        try job.wait { hold.isReached }
        kill(try #require(job.ranks.last), SIGSEGV)
        let output = try job.wait()
        #expect(output.status != 0 && output.status != 124, "\(output)")
        #expect(job.ranks.isEmpty)
        let sentences = output.lines.filter { $0.hasPrefix("sluice: ") }
        #expect(
          sentences.count == 1
            && sentences[0].contains(
              #/^sluice: (rank \d on \S+: )?signal 11 \(SIGSEGV\) ended this process, which is a fault of /#),
          "\(output)")
        #expect(!output.errors.contains("Backtrac") && !output.errors.contains("Process received signal"))
      }
    }
  }
}
