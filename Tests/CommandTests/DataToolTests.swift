import Foundation
import Images
import TestSupport
import Testing

extension CommandLineTests {
  /// `sluice data verify` and `sluice data inspect`.
  @Suite struct DataTools {
    @Test(arguments: [1, 2]) func verifyFindsEveryFault(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let tree = try ImageTreeFiles(in: folder)
        let sound = try Program.run(["data", "verify", tree.source], ranks: ranks)
        #expect(sound.status == 0 && sound.result.hasPrefix("no faults in 128 images, "), "\(sound)")

        let bad = [tree.path(train: 6), tree.path(train: 40), tree.path(test: 9)]
        try tree.spoil(bad[0])
        try tree.empty(bad[1])
        try FileManager.default.removeItem(atPath: bad[2])
        try FileManager.default.createDirectory(atPath: bad[2], withIntermediateDirectories: false)
        let text = try Program.run(["data", "verify", tree.source], ranks: ranks)
        #expect(text.status == 1)
        let lines = text.result.split(separator: "\n").map(String.init)
        try #require(lines.count >= 3, "\(text)")
        #expect(lines[0].hasPrefix("\(bad[0]): the PNG is damaged: "))
        #expect(lines[1] == "\(bad[1]): it is empty")
        #expect(lines.last?.contains(" faults in ") == true || lines.last?.contains(" fault in ") == true)
        #expect(text.lines.filter { $0.hasPrefix("sluice: ") } == [])

        let json = try Program.run(["data", "verify", tree.source, "--json", "--threads", "2"], ranks: ranks)
        #expect(json.status == 1)
        let faults = try #require(try json.object()["faults"] as? [[String: Any]])
        #expect(faults.compactMap { $0["name"] as? String }.prefix(2) == bad.prefix(2))
        #expect(faults.first?["part"] as? String == "train" && faults.first?["index"] as? Int == 6)
        #expect(try json.object()["seconds"] is Double)
      }
    }

    @Test func verifyOfDataThatIsNotThereIsOneSentence() throws {
      let output = try Program.run(["data", "verify", "folder:/none/such"], ranks: 2)
      #expect(output.status == 1 && output.result == "")
      #expect(output.lines.count == 1, "\(output)")
      #expect(try Program.run(["data", "verify", "shapes:9x3"]).status == 0)
    }

    @Test(arguments: [1, 2]) func inspectShowsCountsAndViews(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let tree = try ImageTreeFiles(in: folder)
        let sheet = folder.appendingPathComponent("sheet.png")
        let small = try SmallRun(in: folder)
        let views = [
          "--sheet", sheet.path, "--config", small.configuration.path, "--set", "network.input_size=32",
        ]
        let output = try Program.run(["data", "inspect", tree.source] + views, ranks: ranks)
        #expect(output.status == 0, "\(output)")
        for words in ["96 images of 4 classes, 24 in each", "32 to 32 pixels, median 32", "bolt 24/8"] {
          #expect(output.result.contains(words), "\(words) in \(output.result)")
        }
        let bytes = [UInt8](try Data(contentsOf: sheet))
        let image = try EncodedImage(bytes[...])
        #expect(image.format == .png)
        #expect(image.width == 9 * 32 + 6 * 8 + 4 * 2 && image.height == 8 * 32 + 9 * 8)
        // Another seed makes other views, the same seed the same bytes.
        _ = try Program.run(["data", "inspect", tree.source, "--threads", "2"] + views)
        #expect([UInt8](try Data(contentsOf: sheet)) == bytes)
        _ = try Program.run(["data", "inspect", tree.source] + views + ["--set", "seed=1"])
        #expect([UInt8](try Data(contentsOf: sheet)) != bytes)

        let json = try Program.run(["data", "inspect", tree.source, "--json"], ranks: ranks)
        let object = try json.object()
        #expect((object["train"] as? [String: Any])?["images"] as? Int == 96)
        #expect((object["mean"] as? [Double])?.count == 3 && object["sampled_images"] as? Int == 96)
      }
    }

    @Test(arguments: [1, 2]) func aSheetThatCannotBeWrittenIsOneSentence(ranks: Int) throws {
      let output = try Program.run(
        ["data", "inspect", "shapes:20x5", "--quiet", "--sheet", "/none/sheet.png"], ranks: ranks)
      #expect(output.status == 1 && output.lines.count == 1, "\(output)")
      #expect(
        output.lines.first?.hasSuffix("/none/sheet.png: cannot be written: No such file or directory") == true
      )
    }
  }
}
