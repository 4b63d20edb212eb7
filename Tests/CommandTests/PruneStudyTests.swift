import Foundation
import Tensors
import TestSupport
import Testing

extension CommandLineTests {
  /// `sluice prune-study`: masks of two tasks and of chance, two rounds, four steps each.
  @Suite struct PruneStudying {
    private static func command(_ small: SmallRun, _ more: String...) -> [String] {
      ["prune-study", small.configuration.path, "--run", small.run.path]
        + words("--sources labels,rotnet,random,reinitialized --rounds 0,2 --seeds 7 --transfer shapes:32x32")
        + words("--set max_steps=4 --set epochs=2 --set pruning.rewind=1 --set gates.enabled=false") + more
    }

    /// What must be equal however the study was made.
    private static func results(_ small: SmallRun) throws -> [String: Data] {
      try contents(of: small.run).filter { name, _ in
        ["mask.safetensors", "rewind.safetensors", "model.safetensors"].contains { name.hasSuffix($0) }
          || name.contains("/transfer/")
      }
    }

    private static let uninterrupted = Result {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(command(small, "--json"))
        try #require(output.status == 0, "\(output)")
        return (files: try results(small), result: output.result)
      }
    }

    private static func expected() throws -> (object: [String: Any], files: [String: Data]) {
      let (files, result) = try uninterrupted.get()
      let object = try JSONSerialization.jsonObject(with: Data(result.utf8))
      return (try #require(object as? [String: Any]), files)
    }

    @Test func masksAreComparedByNetworksThatLearnFromLabels() throws {
      let (object, files) = try Self.expected()
      let rows = try #require(object["retrained"] as? [[String: Any]])
      #expect(
        rows.compactMap { $0["source"] as? String } == [
          "labels", "labels", "random", "reinitialized", "rotnet", "rotnet",
        ])
      #expect(rows.compactMap { $0["round"] as? Int } == [0, 2, 2, 2, 0, 2])
      for key in ["share", "top1", "knn", "seconds"] {
        #expect(rows.allSatisfy { $0[key] is Double }, "\(key)")
      }
      let transfer = try #require(object["transfer"] as? [[String: Any]])
      #expect(transfer.count == 2 * 2 * 4, "two networks after two rounds, four stages each")
      #expect((object["overlap"] as? [[String: Any]])?.isEmpty == false)

      // Every network takes all steps, also where the rewinding point is of a training on labels.
      for source in ["labels", "random", "reinitialized", "rotnet"] {
        let start = files.keys.filter { $0.contains("\(source)/seed-7/retrained") }
        #expect(start.contains { $0.contains("02/checkpoints/step-00000004") }, "\(source)")
      }
      let (labels, random) = (
        try Self.mask(files, "labels/seed-7/rounds/02"), try Self.mask(files, "random/seed-7/rounds/02")
      )
      #expect(labels.map { $0.filter { $0 == 1 }.count } == random.map { $0.filter { $0 == 1 }.count })
      #expect(labels != random)
    }

    private static func mask(_ files: [String: Data], _ folder: String) throws -> [[UInt8]] {
      let data = try #require(files["\(folder)/mask.safetensors"])
      let file = try SafetensorsFile(data, path: folder)
      return try file.names.map { try file.bytes($0) }
    }

    /// Part by part on two ranks, as the jobs of an array make it; the whole then finds everything done.
    @Test func partsMakeUpTheWholeOnAnyNumberOfRanks() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        for part in ["1", "0"] {
          let output = try Program.run(Self.command(small, "--only", part), ranks: 2)
          #expect(output.status == 0, "\(output)")
        }
        let whole = try Program.run(Self.command(small, "--json"), ranks: 2)
        let (object, files) = try Self.expected()
        #expect(try Self.results(small) == files)
        let rows = try #require(try whole.object()["retrained"] as? [[String: Any]])
        let expected = try #require(object["retrained"] as? [[String: Any]])
        #expect(rows.map { $0["top1"] as? Double } == expected.map { $0["top1"] as? Double })
        for name in ["study.html", "study.json", "retrained.csv", "transfer.csv", "overlap.csv"] {
          #expect(
            FileManager.default.fileExists(atPath: small.run.appendingPathComponent(name).path), "\(name)")
        }
      }
    }

    @Test(arguments: [
      ("--sources rotnet,random", "name labels, too"),
      ("--sources labels,labels", "different ones of labels, "),
      ("--schedules seed=1", "optimizer."), ("--rounds 1,1", "different whole numbers"),
      ("--set seed=3", "the study decides seed itself"),
      ("--set rotnet:objective.name=npid", "the study decides objective.name itself"), ("--only 2", "0 to 1"),
    ])
    func whatMakesNoSenseIsRefused(options: String, sentence: String) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(
          ["prune-study", small.configuration.path, "--run", small.run.path] + words(options)
            + (options.contains("--sources") ? [] : ["--sources", "labels,rotnet"]) + ["--seeds", "1"])
        #expect(output.status == 64 && output.errors.contains(sentence), "\(output)")
      }
    }

    /// Before the first training.
    @Test func whatCannotBeTrainedIsRefusedAtOnce() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(
          Self.command(small, "--set", "rotnet:optimizer.rate=1"))
        #expect(
          output.status == 1 && output.errors.contains("there is no key 'optimizer.rate'"), "\(output)")
        #expect(!FileManager.default.fileExists(atPath: small.run.path))
        let transfer = try Program.run(Self.command(small, "--transfer", "cifar10:nowhere"))
        #expect(transfer.status == 1 && transfer.errors.contains("nowhere"), "\(transfer)")
        #expect(!FileManager.default.fileExists(atPath: small.run.path))
      }
    }
  }
}
