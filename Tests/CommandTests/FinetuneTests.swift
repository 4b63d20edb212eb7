import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// `evaluate finetune`.
  @Suite struct Finetuning {
    private static func command(_ small: SmallRun, _ options: String) -> [String] {
      words("evaluate finetune --checkpoint \(small.run.path)/checkpoints/latest --threads 1 \(options)")
    }

    private static func withTrained(_ body: (SmallRun) throws -> Void) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let trained = try Program.run(small.command("max_steps=1"))
        try #require(trained.status == 0, "\(trained)")
        try body(small)
      }
    }

    /// Ten images in batches of eight, and 96 in batches of 64; 31 test images on two ranks.
    @Test func ranksChangeNoBit() throws {
      try Self.withTrained { small in
        let command = Self.command(small, "--data shapes:96x31 --labels 100,1 --epochs 2 --seeds 1,2")
        let one = try Program.run(command + ["--json"])
        let two = try Program.run(command + ["--json"], ranks: 2)
        try #require(one.status == 0, "\(one)")
        #expect(one.result == two.result)
        let object = try one.object()
        #expect(object["images"] as? Int == 31)
        let rows = try #require(object["rows"] as? [[String: Any]])
        #expect(rows.map { $0["labels"] as? Double } == [1, 100])
        #expect(rows.map { $0["training_images"] as? Int } == [10, 96])
        #expect(rows.map { $0["batch"] as? Int } == [8, 64])
        for key in ["top1", "top1_std", "top5", "macs_share"] {
          #expect(object[key] is Double, "\(key)")
          #expect(object[key] as? Double == rows[1][key] as? Double, "\(key)")
        }
        let runs = try #require(rows[1]["runs"] as? [[String: Any]])
        #expect(runs.map { $0["seed"] as? Int } == [1, 2])
      }
    }

    /// Every class has a colour of its own: far better than by chance, which is 10 %.
    @Test func labelsTeach() throws {
      try Self.withTrained { small in
        for (name, count) in [("data_batch_1.bin", 40), ("test_batch.bin", 20)] {
          try Self.colours(count).write(to: small.folder.appendingPathComponent(name))
        }
        let output = try Program.run(
          Self.command(
            small, "--data cifar10:\(small.folder.path) --labels 100 --epochs 20 --learning-rate 0.4"))
        try #require(output.status == 0, "\(output)")
        let match = try #require(output.result.firstMatch(of: /top-1 ([0-9.]+) %/))
        #expect(try #require(Double(match.1)) >= 50, "\(output.result)")
        #expect(output.result.contains("100 % of labels  40 images, 20 epochs"), "\(output.result)")
      }
    }

    /// CIFAR-10's records, of ten colours.
    private static func colours(_ count: Int) -> Data {
      var bytes = Data()
      for record in 0..<count {
        let label = record % 10
        bytes.append(UInt8(label))
        for channel in [label * 97, label * 53 + 80, label * 151 + 30] {
          for pixel in 0..<1024 { bytes.append(UInt8(channel % 224 + (record * 7 + pixel * 13) % 32)) }
        }
      }
      return bytes
    }

    /// What is trained further is the checkpoint's network, not one of the seed's.
    @Test func otherCheckpointsAreOtherResults() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let trained = try Program.run(small.command("max_steps=2", "checkpoint.every=1"))
        try #require(trained.status == 0, "\(trained)")
        let results = try [1, 2].map { step in
          try Program.run(
            words("evaluate finetune --checkpoint \(small.checkpoint(step).path) --threads 1 --json")
              + words("--data shapes:96x31 --labels 1 --epochs 1")
          ).object() as NSDictionary
        }
        #expect(results[0] != results[1])
      }
    }

    /// A signal to one rank ends all of them.
    @Test(arguments: [1, 2]) func stopsWhenItIsAsked(ranks: Int) throws {
      try Self.withTrained { small in
        let job = try Job(
          Self.command(small, "--data shapes:96x8 --labels 100 --epochs 5000"), ranks: ranks)
        try job.wait { job.hasSaid(/fine-tuning, 1 training/) }
        kill(try #require(job.ranks.last), SIGTERM)
        let stopped = try job.wait()
        #expect(stopped.status == 75, "\(stopped)")
        #expect(
          Stopping.sentence(stopped)
            == "sluice: stopped as requested during the evaluation: the same command starts it again")
      }
    }

    @Test func mistakesAreOneSentence() throws {
      try Self.withTrained { small in
        let few = try Program.run(Self.command(small, "--data shapes:6x8 --labels 50"))
        #expect(few.status == 1)
        #expect(
          few.lines == [
            "sluice: 50 % of the labels, and one of every class, are 6 of 6 images; fine-tuning needs at least 8: "
              + "give a larger share with --labels, or data with more labelled images"
          ])
        let ranks = try Program.run(Self.command(small, "--data shapes:96x8 --labels 10"), ranks: 3)
        #expect(ranks.status == 1)
        #expect(
          ranks.lines == [
            "sluice: fine-tuning with 10 % of the labels takes batches of 8 images in shards of 1, which 3 ranks cannot "
              + "share evenly: start 1, 2, 4 or 8 ranks"
          ])
        for (options, words) in [
          ("--labels 0,10", "different numbers above 0 and up to 100"),
          ("--epochs 0", "--epochs must be from 1"),
          ("--learning-rate 0", "--learning-rate must be a number above 0"),
        ] {
          let usage = try Program.run(Self.command(small, "--data shapes:96x8 \(options)"))
          #expect(usage.status == 64 && usage.errors.contains(words), "\(usage)")
        }
      }
    }
  }
}
