import Foundation
import Tensors
import TestSupport
import Testing

extension CommandLineTests {
  /// `sluice prune`: two rounds of four steps, weights that go back to those after the first.
  @Suite struct Pruning {
    private static let settings = ["max_steps=4", "epochs=2", "pruning.rewind=1"]

    private static func command(_ small: SmallRun, rounds: Int = 2, _ more: String...) -> [String] {
      ["prune", small.configuration.path, "--run", small.run.path, "--rounds", "\(rounds)"]
        + (settings + more).flatMap { ["--set", $0] }
    }

    private static func round(_ small: SmallRun, _ number: Int) -> URL {
      small.run.appendingPathComponent("rounds/0\(number)")
    }

    /// What must be equal however the rounds were made: masks, the rewinding point, last checkpoints.
    private static func results(_ small: SmallRun, rounds: Int = 2) throws -> [String: Data] {
      var files: [String: Data] = [:]
      for number in 0...rounds {
        let folder = round(small, number)
        files["\(number)/mask"] = try Data(contentsOf: folder.appendingPathComponent("mask.safetensors"))
        for (name, data) in try contents(of: folder.appendingPathComponent("checkpoints/step-00000004")) {
          files["\(number)/\(name)"] = data
        }
      }
      files["rewind"] = try Data(contentsOf: round(small, 0).appendingPathComponent("rewind.safetensors"))
      return files
    }

    /// Nothing interrupted it, on one rank.
    private static let uninterrupted = Result {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(command(small) + ["--json"])
        try #require(output.status == 0, "\(output)")
        return (files: try results(small), result: output.result)
      }
    }

    @Test func aFifthOfWhatRemainsGoesEachRound() throws {
      let (files, result) = try Self.uninterrupted.get()
      let object = try #require(JSONSerialization.jsonObject(with: Data(result.utf8)) as? [String: Any])
      let rounds = try #require(object["rounds"] as? [[String: Any]])
      let remaining = rounds.compactMap { $0["remaining"] as? Int }
      let prunable = try #require(rounds[0]["prunable"] as? Int)
      #expect(remaining.first == prunable && remaining.count == 3)
      for (before, after) in zip(remaining, remaining.dropFirst()) {
        #expect(after == before - (before + 4) / 5)
      }
      #expect(rounds.allSatisfy { $0["knn"] is Double && $0["seconds"] is Double && $0["share"] is Double })
      #expect(rounds[0]["sparse_macs_share"] as? Double == 1)
      for key in ["sparse_macs_share", "sparse_bytes"] {
        let numbers = rounds.compactMap { $0[key] as? Double }
        #expect(numbers.count == 3 && numbers == numbers.sorted(by: >) && numbers[0] > numbers[2], "\(key)")
      }

      for number in 1...2 {
        let mask = try SafetensorsFile(#require(files["\(number)/mask"]), path: "mask")
        #expect(files["\(number)/mask.safetensors"] == files["\(number)/mask"], "it is in the checkpoint")
        let kept = try mask.names.map { try mask.bytes($0) }
        #expect(kept.joined().reduce(0) { $0 + Int($1) } == remaining[number])
        for file in ["model", "optimizer"] {
          let tensors = try SafetensorsFile(#require(files["\(number)/\(file).safetensors"]), path: file)
          for (name, kept) in zip(mask.names, kept) {
            let values = try tensors.floats(name)
            #expect(zip(values, kept).allSatisfy { $0 == 0 || $1 == 1 }, "\(file), \(name)")
            #expect(zip(values, kept).contains { $0 != 0 && $1 == 1 }, "\(file), \(name)")
          }
        }
      }
    }

    /// The first round is the run that `pretrain` makes.
    @Test func theWholeNetworkIsTrainedAsEver() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("max_steps=4", "epochs=2"))
        try #require(output.status == 0, "\(output)")
        let (files, _) = try Self.uninterrupted.get()
        for (name, data) in try contents(of: small.checkpoint(4)) {
          #expect(files["0/\(name)"] == data, "\(name)")
        }
      }
    }

    @Test(arguments: [2, 4]) func ranksFindTheSameMasksAndBits(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(Self.command(small), ranks: ranks)
        try #require(output.status == 0, "\(output)")
        let expected = try Self.uninterrupted.get().files
        #expect(try Self.results(small).filter { expected[$0.key] != $0.value }.keys.sorted() == [])
      }
    }

    /// In the middle of a round; the mask of the next one is still to be made.
    @Test(arguments: [SIGKILL, SIGTERM]) func theSameCommandGoesOnAfterAKill(signal: Int32) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let every = ["--set", "checkpoint.every=1"]
        let first = try Program.run(Self.command(small, rounds: 0) + every)
        try #require(first.status == 0, "\(first)")
        let hold = try Hold(beforeStep: 3, in: folder)
        defer { hold.release() }
        let job = try Job(Self.command(small) + every, environment: hold.environment)
        try job.wait { hold.isReached }
        kill(try #require(job.ranks.last), signal)
        hold.release()
        #expect(try job.wait().status != 0)
        #expect(!FileManager.default.fileExists(atPath: Self.round(small, 2).path))
        let finished = try Program.run(Self.command(small) + every)
        #expect(finished.status == 0, "\(finished)")
        let expected = try Self.uninterrupted.get().files
        #expect(try Self.results(small).filter { expected[$0.key] != $0.value }.keys.sorted() == [])
        let before = try contents(of: small.run)
        let again = try Program.run(Self.command(small) + every)
        #expect(again.status == 0 && again.lines == [], "nothing is left to do: \(again)")
        #expect(try contents(of: small.run) == before)
      }
    }

    @Test func anotherProcedureIsRefusedWithTheDifference() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        try #require(try Program.run(Self.command(small, rounds: 0)).status == 0)
        for (setting, difference) in [
          ("pruning.criterion=random", "pruning.criterion: magnitude → random"),
          ("optimizer.momentum=0.5", "optimizer.momentum: 0.9 → 0.5"),
        ] {
          let output = try Program.run(Self.command(small, rounds: 1, setting), ranks: 2)
          #expect(
            output.status == 1 && output.errors.contains("a different configuration (\(difference))"),
            "\(output)")
        }
      }
    }

    /// What can be known of their number is known before anything is trained.
    @Test(arguments: [1, 2]) func roundsThatLeaveNothingAreRefused(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(Self.command(small, rounds: 90), ranks: ranks)
        #expect(output.status == 1)
        #expect(
          output.errors.contains(
            "90 rounds of pruning would leave 0 of 174,552 weights: use --rounds 48 at most"),
          "\(output)")
        let metrics = Self.round(small, 0).appendingPathComponent("metrics.jsonl").path
        #expect(!FileManager.default.fileExists(atPath: metrics))
        let channels = try Program.run(
          Self.command(small, rounds: 90, "pruning.criterion=filters", "max_steps=0"))
        #expect(!channels.errors.contains("rounds of pruning would leave"), "\(channels)")
      }
    }

    @Test func rewindingBeyondTheEndIsRefused() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(Self.command(small, rounds: 1, "pruning.rewind=2 epochs"))
        #expect(output.status == 1)
        #expect(output.errors.contains("pruning.rewind is step 6, and the run ends with step 4"), "\(output)")
      }
    }

    /// Fine-tuning, new initial weights, one shot, and channels that gates rarely open.
    @Test(arguments: [
      ["pruning.rewind=none"], ["pruning.rewind=random"], ["pruning.one_shot=true", "pruning.rewind=0"],
      ["pruning.criterion=gate-usage"],
    ]) func otherWaysOfPruningRun(settings: [String]) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let command = Self.command(small) + settings.flatMap { ["--set", $0] } + ["--json"]
        let rounds = try #require(try Program.run(command).object()["rounds"] as? [[String: Any]])
        let remaining = rounds.compactMap { $0["remaining"] as? Int }
        #expect(remaining.count == (settings.contains("pruning.one_shot=true") ? 2 : 3))
        #expect(zip(remaining, remaining.dropFirst()).allSatisfy { $0 > $1 }, "\(remaining)")
      }
    }

    /// The weights that remain of a rewinding point are trained on labels, under its mask.
    @Test func masksAndRewindingPointsServeOtherRuns() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let made = try Program.run(Self.command(small, rounds: 1))
        try #require(made.status == 0, "\(made)")
        let mask = Self.round(small, 1).appendingPathComponent("mask.safetensors").path
        let rewind = Self.round(small, 0).appendingPathComponent("rewind.safetensors").path
        let run = folder.appendingPathComponent("labels")
        let command =
          ["pretrain", small.configuration.path, "--run", run.path, "--mask", mask, "--rewind", rewind]
          + ["max_steps=2", "epochs=2", "objective.name=supervised"].flatMap { ["--set", $0] }
        let output = try Program.run(command)
        #expect(output.status == 0, "\(output)")
        #expect(
          output.lines.contains { $0.contains("80.0 % of") && $0.contains("weights remain") }, "\(output)")
        let resumed = try Program.run(command + ["--set", "max_steps=3"])
        #expect(resumed.status == 0, "\(resumed)")
        let own = run.appendingPathComponent("checkpoints/step-00000003/mask.safetensors")
        #expect(try Data(contentsOf: own) == Data(contentsOf: URL(fileURLWithPath: mask)))

        let other = try Program.run(
          ["pretrain", small.configuration.path, "--run", run.path, "--mask"]
            + [Self.round(small, 0).appendingPathComponent("mask.safetensors").path]
            + ["max_steps=4", "epochs=2", "objective.name=supervised"].flatMap { ["--set", $0] })
        #expect(other.status == 1 && other.errors.contains("trains under another mask than"), "\(other)")
        // Only a checkpoint holds the mask.
        let masked = folder.appendingPathComponent("masked")
        let begun = try Program.run(
          [
            "pretrain", small.configuration.path, "--run", masked.path, "--mask", mask, "--set",
            "max_steps=2",
          ])
        try #require(begun.status == 0, "\(begun)")
        let replayed = try Program.run(["replay", masked.path, "--quiet"], ranks: 2)
        #expect(
          replayed.status == 1
            && replayed.lines.last
              == "sluice: \(masked.path) is of a run that began with given weights or a mask, so only steps after its "
              + "first checkpoint can be taken again",
          "\(replayed)")
        for (settings, sentence) in [
          (["network.width=4"], "is a mask of another network: conv1.weight has shape [8, 3, 3, 3] there"),
          (
            ["network.depth=50"],
            "is a mask of another network: layer1.0.conv1.weight has shape [8, 8, 3, 3] there"
          ),
        ] {
          let output = try Program.run(
            ["pretrain", small.configuration.path, "--run", folder.appendingPathComponent("other").path]
              + ["--mask", mask] + settings.flatMap { ["--set", $0] }, ranks: 2)
          #expect(output.status == 1 && output.errors.contains(sentence), "\(output)")
        }
      }
    }

    @Test func damagedMasksAndPointsAreNamed() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let file = folder.appendingPathComponent("file.safetensors")
        func expect(_ data: Data?, _ option: String, _ sentence: String) throws {
          try? FileManager.default.removeItem(at: file)
          try data?.write(to: file)
          let output = try Program.run(small.command() + [option, file.path])
          #expect(output.status == 1 && output.errors.contains(sentence), "\(output)")
          #expect(
            !FileManager.default.fileExists(atPath: small.run.appendingPathComponent("metrics.jsonl").path))
        }
        let stem = [8, 3, 3, 3]
        func mask(_ value: UInt8) -> Data {
          Safetensors.encode([
            .init(name: "conv1.weight", shape: stem, values: Array(repeating: value, count: 216))
          ])
        }
        try expect(nil, "--mask", "there is no mask at \(file.path): sluice prune writes one for each round")
        try expect(Data("mask".utf8), "--mask", "not a valid safetensors file")
        try expect(mask(3), "--mask", "conv1.weight holds other numbers than 0 and 1")
        try expect(mask(0), "--mask", "closes conv1.weight altogether")
        try expect(mask(1), "--rewind", "is no rewinding point")
        try expect(nil, "--rewind", "there is no rewinding point at \(file.path): sluice prune writes one")
      }
    }
  }
}
