import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// Standard output that is closed or full costs the result, and nothing else.
  @Suite struct Streams {
    /// How the shell starts the program, and what is said about it.
    static let broken = [
      ("exec >&-", "it is closed"), ("exec >/dev/full", "No space left on device"),
    ]
    static let commands = [
      "--help", "--version", "pretrain --help", "macs CONFIG --json", "doctor", "data verify shapes:9x3",
      "data inspect shapes:9x3", "data pack shapes:9x3 FOLDER/pack --shards 1",
      "pretrain CONFIG --print-config",
      "pretrain CONFIG --dry-run", "pretrain CONFIG --set max_steps=1 --run FOLDER/run",
    ]

    @Test(arguments: broken, commands)
    func aResultThatCannotBeDeliveredIsOneSentence(
      _ stream: (shell: String, reason: String), _ command: String
    )
      throws
    {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let line = command.replacing("CONFIG", with: small.configuration.path)
          .replacing("FOLDER", with: folder.path)
        let output = try Program.run(words(line), after: stream.shell)
        #expect(output.status == 1, "\(output)")
        let sentences = output.lines.filter { $0.hasPrefix("sluice: ") }
        #expect(sentences.count == 1, "\(output)")
        #expect(!output.errors.contains("Fatal error"))
      }
    }

    @Test(arguments: broken) func theSentenceSaysWhy(_ shell: String, _ reason: String) throws {
      let output = try Program.run(["--version"], after: shell)
      #expect(output.errors == "sluice: the result could not be written to standard output: \(reason)\n")
    }

    /// On several ranks it is rank 0's trouble alone, and no rank is left waiting.
    @Test func allRanksEndWithOneSentence() throws {
      let output = try Program.run(["data", "verify", "shapes:9x3"], ranks: 2, after: "exec >/dev/full")
      #expect(output.status == 1 && output.lines.count { $0.hasPrefix("sluice: ") } == 1, "\(output)")
    }

    /// What the run writes is whole whichever streams are missing: no file gets a stream's number.
    @Test(arguments: [("exec >&-", 1), ("exec 2>&-", 0), ("exec <&- >&- 2>&-", 1)])
    func filesAreWholeWithoutStreams(_ shell: String, _ status: Int32) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command(), after: shell)
        #expect(output.status == status, "\(output)")
        expectEqual(try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(.simclr))
        #expect(try small.loggedSteps() == Array(1...SmallRun.steps))
      }
    }

    /// `2>&1 | head`: the run goes on to its end although nobody reads.
    @Test func aBrokenPipeDoesNotEndTheRun() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let line = ([Program.path] + small.command()).map { "'\($0)'" }.joined(separator: " ")
        let output = try Tool.run(["bash", "-c", "\(line) 2>&1 | head -n 1 | wc -l"])
        #expect(output.status == 0 && output.result == "1\n", "\(output)")
        expectEqual(try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(.simclr))
      }
    }
  }
}
