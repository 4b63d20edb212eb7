import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// Folders and files that a command is to write, and cannot.
  @Suite struct OutputPaths {
    static let emptyPaths = [
      "pretrain CONFIG --run ''", "pretrain CONFIG --resume ''", "pretrain ''", "macs ''",
      "macs --checkpoint ''",
      "evaluate knn --checkpoint '' --data shapes", "doctor --run ''", "data pack shapes:9x3 '' --shards 1",
      "data inspect shapes:9x3 --sheet ''", "data inspect shapes:9x3 --config ''",
      "data verify folder:x --classes ''",
      "pretrain CONFIG --init ''", "export --checkpoint '' --output x.onnx",
      "export --checkpoint x --output ''",
      "embed --checkpoint '' --data shapes --output x.safetensors",
      "embed --checkpoint x --data shapes --output ''",
      "embed --checkpoint x --data shapes --output x.safetensors --csv ''",
      "embed --checkpoint x --data shapes --output x.safetensors --npy ''",
      "bench kernels --write ''", "bench train ''", "bench collectives ''",
      "report ''", "report x --output ''",
    ]

    @Test(arguments: emptyPaths) func anEmptyPathIsRefusedByEveryCommand(_ line: String) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let arguments = words(line.replacing("CONFIG", with: small.configuration.path))
        let output = try Program.run(arguments.map { $0 == "''" ? "" : $0 })
        #expect(output.status == 64 && output.result == "", "\(output)")
        #expect(
          output.lines.first?.hasSuffix("a path must not be empty; is a variable in the command not set?")
            == true,
          "\(output)")
      }
    }

    /// Before the data is opened, which is not there; a dry run says the same.
    @Test(arguments: ["/dev/null", "CONFIG", "CONFIG/below"], [[], ["--dry-run"]])
    func aFolderThatCannotBeOneIsRefusedAtOnce(_ path: String, _ more: [String]) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let run = path.replacing("CONFIG", with: small.configuration.path)
        let output = try Program.run(
          ["pretrain", small.configuration.path, "--set", "data.source=folder:/none", "--run", run] + more)
        #expect(output.status == 1)
        #expect(output.errors == "sluice: \(run): cannot be written: Not a directory\n", "\(output)")
      }
    }

    @Test(arguments: ["data inspect shapes:9x3 --sheet", "bench kernels --write"])
    func aFileThatCannotBeWrittenIsRefusedBeforeTheWork(_ line: String) throws {
      let output = try Program.run(words(line) + ["/none/such"])
      #expect(output.status == 1 && output.result == "")
      #expect(
        output.errors == "sluice: /none/such: cannot be written: No such file or directory\n", "\(output)")
    }

    /// As root that once replaced the machine's device by a file.
    @Test func aDeviceIsWrittenTo() throws {
      let output = try Program.run(words("data inspect shapes:9x3 --sheet /dev/null"))
      #expect(output.status == 0, "\(output)")
      var status = stat()
      #expect(lstat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
      let full = try Program.run(words("data inspect shapes:9x3 --sheet /dev/full"))
      #expect(full.status == 1)
      #expect(full.lines.last == "sluice: /dev/full: cannot be written: No space left on device")
    }

    /// By a name without a folder.
    @Test func aLinkInTheOwnFolderIsFollowed() throws {
      try withTemporaryFolder { folder in
        try FileManager.default.createSymbolicLink(
          atPath: folder.path + "/link.png", withDestinationPath: "sheet.png")
        let output = try Tool.run([
          "bash", "-c",
          "cd '\(folder.path)' && '\(Program.path)' data inspect shapes:9x3 -q --sheet link.png",
        ])
        #expect(output.status == 0, "\(output)")
        #expect(
          try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
            "link.png", "sheet.png",
          ])
      }
    }

    @Test func standardOutputTakesAFile() throws {
      let output = try Tool.run([
        "bash", "-c", "'\(Program.path)' data inspect shapes:9x3 -q --sheet /dev/stdout | head -c 4",
      ])
      #expect(output.result == "\u{FFFD}PNG" && output.status == 0, "\(output)")
    }

    /// A run's own files that are something else are not waited on.
    @Test func aPipeInThePlaceOfARunsFileIsRefused() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        try FileManager.default.createDirectory(at: small.run, withIntermediateDirectories: false)
        let metrics = small.run.appendingPathComponent("metrics.jsonl").path
        try #require(mkfifo(metrics, 0o600) == 0)
        let output = try Program.run(small.command(), seconds: 30)
        #expect(output.status == 1)
        #expect(
          output.lines == ["sluice: \(metrics): cannot be written: it is not a regular file"], "\(output)")
      }
    }
  }
}
